/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The first of two object files of a module that test-compare.c compares with variants of itself.
 * Each EDIT_ macro is one edit; what differs is then what the edit stands in, and nothing else.
 */

#include "compare-fixture.h"

#ifdef EDIT_GROWN
/* Moves all that follows, and is larger. */
void grows(void)
{
	external_a(1);
	external_b(2);
	external_a(3);
}
#else
void grows(void)
{
	external_a(1);
}
#endif

#ifdef EDIT_INSERTED
int inserted(int x)
{
	return external_b(x) + external_b(x + 1);
}
#endif

static NOINLINE int helper_one(int x)
{
	return external_a(x) + 1;
}

static NOINLINE int helper_two(int x)
{
	return external_a(x) + 2;
}

/* A static of a name that the other file has, too. */
static NOINLINE int namesake(int x)
{
#ifdef EDIT_NAMESAKE
	return external_b(x) - 3;
#else
	return external_b(x) - 4;
#endif
}

/* The call of a static function has no relocation. */
int calls_static(int x)
{
#ifdef EDIT_STATIC_CALLEE
	return helper_two(x) * 7;
#else
	return helper_one(x) * 7;
#endif
}

int uses_both(int x)
{
	return helper_one(x) - helper_two(x) + namesake(x);
}

int calls_external(int x)
{
#ifdef EDIT_CALLEE
	return external_b(x) / 3;
#else
	return external_a(x) / 3;
#endif
}

int immediate(int x)
{
#ifdef EDIT_IMMEDIATE
	return external_a(x ^ 0x12345678);
#else
	return external_a(x ^ 0x12345679);
#endif
}

int line(void)
{
#ifdef EDIT_LINE
	return external_a(100123);
#else
	return external_a(100456);
#endif
}

int text(void)
{
#ifdef EDIT_TEXT
	return external_text("what it says now");
#else
	return external_text("what it said before");
#endif
}

int path(void)
{
#ifdef EDIT_FOLDER
	return external_text("field \"x\" at /home/somebody/amd/amdkfd/file.c:1234");
#else
	return external_text("field \"x\" at drivers/gpu/drm/amd/amdkfd/file.c:98");
#endif
}

int other_path(void)
{
#ifdef EDIT_FILE
	return external_text("drivers/gpu/other.c");
#else
	return external_text("drivers/gpu/file.c");
#endif
}

#ifdef EDIT_TABLE
const int table[] = { 10, 20, 31, 40, 50 };
#else
const int table[] = { 10, 20, 30, 40, 50 };
#endif

#ifdef EDIT_POINTER
int (*const pointers[])(int) = { helper_one, helper_one, external_a };
#else
int (*const pointers[])(int) = { helper_one, helper_two, external_a };
#endif

/* gcc folds the -1 into the address of the table, and loops to its end. */
int before_table(unsigned long i)
{
	return table[i - 1];
}

int whole_table(void)
{
	int sum = 0;

	for (const int *p = table; p != table + 5; p++)
		sum += external_a(*p);
	return sum;
}

/* A relocated displacement with an immediate behind it, at the start of its object. */
static volatile int state[2];
static volatile int more_state[2];

int compares_state(void)
{
#ifdef EDIT_STATE
	return more_state[0] == 100200;
#else
	return state[0] == 100200;
#endif
}

void sets_state(int x)
{
	state[0] = x;
	state[1] = external_a(x);
	more_state[0] = external_b(x);
}

/* A static variable of a function, and its namesakes: name.123 in the symbol table. */
int counts(int x)
{
	static int counter = 5;
#ifdef EDIT_MORE_HELPERS
	static int counter_of_another = 6;

	counter_of_another += external_b(x);
#endif
	counter += external_a(x);
	return counter;
}

int counts_too(int x)
{
	static int counter = 5;

	counter += external_b(x);
	return counter;
}

double constant(double x)
{
#ifdef EDIT_CONSTANT
	return x * 1.25;
#else
	return x * 1.75;
#endif
}

#ifdef EDIT_RETURN
__asm__(".text\n.globl jumps\n.type jumps, @function\njumps:\n"
	"test %edi, %edi\njne 1f\nmov $1, %eax\nnop\n1: ret\n.size jumps, . - jumps\n");
#else
__asm__(".text\n.globl jumps\n.type jumps, @function\njumps:\n"
	"test %edi, %edi\nje 1f\nmov $1, %eax\nnop\n1: ret\n.size jumps, . - jumps\n");
#endif

/* Short jumps between functions have no relocation either. */
__asm__(".text\n.type near_one, @function\nnear_one: mov $1, %eax\nret\n.size near_one, 6\n"
	".type near_two, @function\nnear_two: mov $2, %eax\nret\n.size near_two, 6\n"
	".globl jumps_near\n.type jumps_near, @function\njumps_near:\n"
#ifdef EDIT_SHORT_JUMP
	"jmp near_two\n"
#else
	"jmp near_one\n"
#endif
	".size jumps_near, . - jumps_near\n");

#ifdef EDIT_UNNAMED
__asm__(".text\nnop\nxor %eax, %eax\nret\n");
#endif

/* A table beside the code, as __ex_table is one. */
__asm__(".section __ex_table, \"a\"\n"
	".long jumps - ., jumps_near - .\n"
#ifdef EDIT_ENTRY
	".long 2\n"
#else
	".long 1\n"
#endif
	".long calls_static - ., text - .\n.long 1\n.previous\n");

MODINFO("license=GPL");
#ifdef EDIT_VERMAGIC
MODINFO("vermagic=6.1.0-2-amd64");
#else
MODINFO("vermagic=6.1.0-1-amd64");
#endif
#ifdef EDIT_ALIAS
MODINFO("alias=pci:v00001002d0000731Fsv*sd*bc*sc*i*");
#else
MODINFO("alias=pci:v00001002d00007340sv*sd*bc*sc*i*");
#endif
