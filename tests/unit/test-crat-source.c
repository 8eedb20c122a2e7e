/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Verdicts on pictures of kfd_crat.c: the stock function from data/, in a small file of our own,
 * with edits. An edit marks its own first and last line with @< and @>, so the lines that the
 * evidence must name are known from the picture, not from the code under test.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/crat_hunk.h"
#include "inspect/crat_source.h"
#include "model/data.h"

#define FUNCTION "kfd_parse_subtype_mem"
#define FLAG	 "HSA_MEM_FLAGS_HOT_PLUGGABLE"
#define AFTER	 "flags |= HSA_MEM_FLAGS_NON_VOLATILE;"
#define ENABLE	 "sub_type_hdr->flags |= CRAT_SUBTYPE_FLAGS_ENABLED;"
#define HEADER	 "#include \"kfd_crat.h\"\n"
#define DEVICE	 "dev->gpu->adev->pdev->device"

static const char head[] = "#include <linux/pci.h>\n" HEADER "\n"
			   "#define VCRAT_SIZE_FOR_GPU (4 * PAGE_SIZE)\n";

static const char tail[] =
	"\nstatic int kfd_fill_gpu_memory_affinity(struct crat_subtype_memory *sub_type_hdr,\n"
	"\t\t\t\t\tstruct kfd_dev *kdev)\n"
	"{\n\t" ENABLE "\n\treturn 0;\n}\n\n"
	"static int kfd_parse_crat_all(struct crat_subtype_generic *hdr, struct list_head *list)\n"
	"{\n\treturn " FUNCTION "((struct crat_subtype_memory *)hdr, list);\n}\n";

struct picture {
	struct rd_text text;
	unsigned int first, last; /* lines of @< and @>, 0 without */
};

static void picture_deinit(struct picture *picture)
{
	rd_text_deinit(&picture->text);
}

/* Appends all of @from, with the first @find in it replaced by @with. */
static void put_edited(struct rd_text *text, const char *from, const char *find, const char *with)
{
	const char *at = find ? strstr(from, find) : NULL;

	if (!at) {
		rd_text_puts(text, from);
		return;
	}
	rd_text_append(text, from, (size_t)(at - from));
	rd_text_puts(text, with);
	rd_text_puts(text, at + strlen(find));
}

static void take_marks(struct picture *picture)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text marked = rd_text_take(&picture->text);
	unsigned int line = 1;

	for (const char *p = marked.data; *p; p++) {
		if (p[0] == '@' && (p[1] == '<' || p[1] == '>')) {
			*(p[1] == '<' ? &picture->first : &picture->last) = line;
			p++;
			continue;
		}
		line += *p == '\n';
		rd_text_append(&picture->text, p, 1);
	}
}

/* The picture with one text replaced. */
static struct picture draw(const char *find, const char *with)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text whole = RD_TEXT_INIT;
	struct picture picture = { 0 };

	rd_text_printf(&whole, "%s%s%s", head, rd_data_stock_parse_subtype_mem(), tail);
	if (find)
		ck_assert_ptr_nonnull(strstr(whole.data, find));
	put_edited(&picture.text, whole.data, find, with);
	take_marks(&picture);
	return picture;
}

static enum rd_verdict inspect(const char *text, size_t len, struct rd_evidence *ev)
{
	enum rd_verdict verdict = RD_VERDICT_CLEAN;
	/* Without a terminator: a read past the end is the sanitizer's. */
	RD_CLEANUP(rd_freep) char *copy = malloc(len ? len : 1);

	memcpy(copy, text, len);
	ck_assert_int_eq(rd_crat_source_inspect(copy, len, "k.c", &verdict, ev, NULL), 0);
	ck_assert_uint_gt(ev->n, 0);
	return verdict;
}

static void assert_first(const struct rd_evidence *ev, const struct picture *picture,
			 const char *detail)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text where = RD_TEXT_INIT;

	if (picture->first) {
		rd_text_printf(&where, "k.c:%u-%u", picture->first, picture->last);
		ck_assert_int_eq(ev->items[0].kind, RD_EVIDENCE_SOURCE);
		ck_assert_str_eq(ev->items[0].where, where.data);
	}
	ck_assert_msg(strstr(ev->items[0].detail, detail), "'%s' lacks '%s'", ev->items[0].detail,
		      detail);
}

static const struct {
	const char *find, *with; /* the edit */
	enum rd_verdict verdict;
	const char *detail; /* part of the first evidence */
} edits[] = {
	/* Stock, however it is laid out. */
	{ NULL, NULL, RD_VERDICT_NO_SIGN, "stock function, token by token" },
	{ AFTER, "flags|=HSA_MEM_FLAGS_NON_VOLATILE ;\n\n", RD_VERDICT_NO_SIGN, "stock" },
	{ AFTER, AFTER " /* RDNA1: " FLAG " */", RD_VERDICT_NO_SIGN, "stock" },
	{ AFTER, AFTER " // flags |= " FLAG ";", RD_VERDICT_NO_SIGN, "stock" },
	{ AFTER, AFTER "\n#if 0\nflags |= " FLAG ";\n#endif\n", RD_VERDICT_NO_SIGN, "stock" },
	{ "flags = 0;", "flags = 0x0u;", RD_VERDICT_NO_SIGN, "stock" },
	{ "uint64_t size_in_bytes;", "uint64_t size_in_\\\nbytes;", RD_VERDICT_NO_SIGN, "stock" },

	/* The published forms, by their messages. */
	{ AFTER,
	  AFTER "\n\n@</* RDNA1 FIX: Navi 10 (0x731F) */\nif (dev->gpu && dev->gpu->adev) {\n"
		"uint16_t device_id = " DEVICE ";\nif (device_id == 0x731F && heap_type != "
		"HSA_MEM_HEAP_TYPE_SYSTEM) {\npr_debug(\"KFD: Enabling fine-grained for RDNA1 "
		"0x%x\\n\", device_id);\nflags |= " FLAG ";\n}\n}@>\n",
	  RD_VERDICT_PATCHED, "as applied by the recipe" },
	{ AFTER,
	  AFTER "\n@</*\n * Twelve\n * lines\n */\nif (" DEVICE " == 0x731F) {\npr_debug(\"KFD: "
		"Enabling fine-grained flag for RDNA1 device 0x%x\\n\",\n 0);\nflags |= " FLAG
		";\n}@>\n",
	  RD_VERDICT_PATCHED, "as published in the .patch file" },

	/* By hand: conditions. */
	{ AFTER, AFTER "\n@<if (" DEVICE " == 0x731f)\nflags |= " FLAG ";@>", RD_VERDICT_PATCHED,
	  "hand-made patch of " FUNCTION "(): sets " FLAG " for device id 0x731f" },
	{ AFTER, AFTER "\n@<if(" DEVICE "==29471)flags|=" FLAG ";@>", RD_VERDICT_PATCHED,
	  "device id 0x731f" },
	{ AFTER, AFTER "\n@<if(" DEVICE "==071437)flags|=" FLAG ";@>", RD_VERDICT_PATCHED,
	  "device id 0x731f" },
	{ AFTER, AFTER "\n@<if(" DEVICE "==0b111001100011111)flags|=1;@>", RD_VERDICT_PATCHED,
	  "device id 0x731f" },
	{ AFTER, AFTER "\n@<if (id >= 0x7310 && id <= 0x736f)\nflags |= " FLAG ";@>",
	  RD_VERDICT_PATCHED, "device ids 0x7310, 0x736f" },
	{ AFTER, AFTER "\n@<if ((id & 0xff00) == 0x7300)\nflags |= " FLAG ";@>", RD_VERDICT_PATCHED,
	  "device id 0x7300" },
	{ AFTER, AFTER "\n@<if (id >> 4 == 0x731)\nflags |= " FLAG ";@>", RD_VERDICT_PATCHED,
	  "device id 0x731" },
	{ AFTER, AFTER "\n@<if (id == 0x731f1002)\nflags |= " FLAG ";@>", RD_VERDICT_PATCHED,
	  "device id 0x731f1002" },
	{ AFTER,
	  AFTER "\n@<switch (id) {\ncase 0x7310:\ncase 0x7312:\ncase 0x7318:\ncase 0x7319:\ncase "
		"0x731f:\nflags |= " FLAG ";\nbreak;\n}@>",
	  RD_VERDICT_PATCHED, "0x7310, 0x7312, 0x7318, 0x7319 and more" },
	{ AFTER, AFTER "\n@<if (KFD_GC_VERSION(dev->gpu) == IP_VERSION(10, 1, 10))\nflags |= 1;@>",
	  RD_VERDICT_PATCHED, "by graphics version" },
	{ AFTER, AFTER "\n@<if (heap_type)\nflags |= " FLAG ";@>", RD_VERDICT_PATCHED,
	  "on a condition of its own" },
	{ AFTER, AFTER "\n@<flags |= " FLAG ";@>", RD_VERDICT_PATCHED, "without a condition" },
	{ AFTER, AFTER " @<flags |= " FLAG ";@>", RD_VERDICT_PATCHED, "without a condition" },

	/* By hand: what is done to the flags. */
	{ AFTER, AFTER "\n@<flags = " FLAG ";@>", RD_VERDICT_PATCHED, "sets " FLAG },
	{ AFTER, AFTER "\n@<flags &= ~" FLAG ";@>", RD_VERDICT_PATCHED, "clears " FLAG },
	{ AFTER, AFTER "\n@<flags |= 1 << 0;@>", RD_VERDICT_PATCHED, "changes the flags" },
	{ AFTER, AFTER "\n@<flags++;@>", RD_VERDICT_PATCHED, "changes the flags" },
	{ AFTER, AFTER "\n@<fix(&props->flags, 1);@>", RD_VERDICT_PATCHED, "changes the flags" },
	{ "props->flags = flags;", "@<props->flags = flags | " FLAG ";@>", RD_VERDICT_PATCHED,
	  "sets " FLAG },
	{ "props->flags = flags;", "props->flags = flags;\n@<props->flags |= " FLAG ";@>",
	  RD_VERDICT_PATCHED, "sets " FLAG },
	{ "flags = 0;", "@<flags = 1;@>", RD_VERDICT_PATCHED, "changes the flags" },
	{ "if (mem->flags & CRAT_MEM_FLAGS_HOT_PLUGGABLE)",
	  "if (@<(mem->flags & CRAT_MEM_FLAGS_HOT_PLUGGABLE) ||\n" DEVICE " == 0x731f)@>",
	  RD_VERDICT_PATCHED, "for device id 0x731f" },
	{ "if (mem->flags & CRAT_MEM_FLAGS_NON_VOLATILE)\n\t\t\t\t" AFTER, "", RD_VERDICT_PATCHED,
	  "takes out stock code" },
	{ "width = mem->width;", "width = mem->width;\n@<if (id == 0x731f)\nheap_type = 2;@>",
	  RD_VERDICT_PATCHED, "acts on RDNA1 cards for device id 0x731f" },

	/* Lines: comments belong to the hunk unless they are stock's. */
	{ AFTER, AFTER "\n@<// begin\nflags |= 1;\n/* end */@>\n", RD_VERDICT_PATCHED, "" },
	{ AFTER, AFTER " /* same line */\n@<flags |= 1; /* two\nlines */@>\n", RD_VERDICT_PATCHED,
	  "" },
	{ "width = mem->width;", "width = mem->width;\n@<flags |= 1;@>", RD_VERDICT_PATCHED, "" },
	{ "\t\t\tprops = find", "@<flags |= 1;@>\n\t\t\tprops = find", RD_VERDICT_PATCHED, "" },
	{ "\treturn 0;\n}", "@<\tif (x) {\n\t\tflags |= 1;\n\t}@>\n\treturn 0;\n}",
	  RD_VERDICT_PATCHED, "" },
	{ "\t\t}\n\t}\n\n\treturn 0;",
	  "\t\t@<if (x) {\n\t\tflags |= 1;\n\t}@>\n\t\t}\n\t}\n\treturn 0;", RD_VERDICT_PATCHED,
	  "" },

	{ "if (props) {", "@<if (props) {\nflags |= 1;\n}@>\nif (props) {", RD_VERDICT_PATCHED,
	  "" },

	/* Preprocessor. */
	{ AFTER, AFTER "\n@<#ifdef RDNA1\nflags |= 1;\n#endif@>\n", RD_VERDICT_PATCHED, "" },
	{ AFTER, AFTER "\n#if 1\n@<flags |= 1;@>\n#endif\n", RD_VERDICT_PATCHED, "" },
	{ AFTER, AFTER "\n#if 0\n}\n#else\n@<flags |= 1;@>\n#endif\n", RD_VERDICT_PATCHED, "" },
	{ AFTER, AFTER "\n@<fla\\\ngs |= HSA_MEM_FLAGS_\\ \nHOT_PLUGGABLE;@>", RD_VERDICT_PATCHED,
	  "sets " FLAG },

	/* The function differs, the flags do not. */
	{ AFTER, AFTER "\n@<pr_info(\"%x\\n\", flags);@>", RD_VERDICT_MODIFIED, "neither" },
	{ "width = mem->width;", "", RD_VERDICT_MODIFIED, "neither" },
	{ "static int " FUNCTION, "static @<noinline@> int " FUNCTION, RD_VERDICT_MODIFIED,
	  "neither" },
	{ "static int " FUNCTION "(struct crat_subtype_memory *mem",
	  "static int " FUNCTION "(@<const@> struct crat_subtype_memory *mem", RD_VERDICT_MODIFIED,
	  "neither" },

	/* Elsewhere in the file. */
	{ ENABLE,
	  ENABLE "\n@<if (kdev->pdev->device == 0x731f)\nsub_type_hdr->flags |= "
		 "CRAT_MEM_FLAGS_HOT_PLUGGABLE;@>",
	  RD_VERDICT_PATCHED, "outside " FUNCTION "(): sets CRAT_MEM_FLAGS_HOT_PLUGGABLE for" },
	{ ENABLE, ENABLE "\n@<props->flags |= " FLAG ";@>", RD_VERDICT_PATCHED, "sets " FLAG },
	{ ENABLE, ENABLE "\n@<if (id == 0x7340)\nsub_type_hdr->flags |= BIT(1);@>",
	  RD_VERDICT_PATCHED, "changes the flags of memory banks for device id 0x7340" },
	{ ENABLE, ENABLE "\n@<if (id == 0x1002731fUL)\nsub_type_hdr->flags |= extra;@>",
	  RD_VERDICT_PATCHED, "device id 0x1002731f" },
	{ ENABLE, ENABLE "\n@<sub_type_hdr->flags |= 2;@>", RD_VERDICT_MODIFIED, "bare number" },
	{ ENABLE, ENABLE "\n@<sub_type_hdr->flags |= 1 << 1;@>", RD_VERDICT_MODIFIED,
	  "bare number" },
	{ ENABLE, ENABLE "\n@<sub_type_hdr->flags |= BIT(1);@>", RD_VERDICT_MODIFIED,
	  "bare number" },
	{ ENABLE, ENABLE "\n@<props->flags = props->flags | 1;@>", RD_VERDICT_MODIFIED,
	  "bare number" },
	{ ENABLE, ENABLE "\n@<props->flags = 1 | props->flags;@>", RD_VERDICT_MODIFIED,
	  "bare number" },
	{ ENABLE, ENABLE "\nsub_type_hdr->flags |= 1 << 31;", RD_VERDICT_NO_SIGN, "stock" },
	{ ENABLE, ENABLE "\nsub_type_hdr->flags |= BIT(3) | CRAT_SUBTYPE_FLAGS_ENABLED;",
	  RD_VERDICT_NO_SIGN, "stock" },
	{ ENABLE,
	  ENABLE "\ncache->flags = (CRAT_CACHE_FLAGS_ENABLED |\nCRAT_CACHE_FLAGS_DATA_CACHE);",
	  RD_VERDICT_NO_SIGN, "stock" },
	{ ENABLE, ENABLE "\npcache->flags = info[type].flags;", RD_VERDICT_NO_SIGN, "stock" },
	{ ENABLE, ENABLE "\ncache->flags = info[b[1] + f(2)].flags | CRAT_CACHE_FLAGS_ENABLED;",
	  RD_VERDICT_NO_SIGN, "stock" },
	{ ENABLE, ENABLE "\nlink->flags &= ~CRAT_IOLINK_FLAGS_NON_COHERENT;", RD_VERDICT_NO_SIGN,
	  "stock" },
	{ ENABLE, ENABLE "\nlink->flags |= CRAT_NEW_OF_NEXT_YEAR;", RD_VERDICT_NO_SIGN, "stock" },
	{ ENABLE,
	  ENABLE
	  "\nif ((iolink->flags & CRAT_X) && (y = cu->flags))\nz = a.flags == b->flags ? 1 : 2;",
	  RD_VERDICT_NO_SIGN, "stock" },
	{ ENABLE,
	  ENABLE
	  "\nstruct amdgpu_info info;\ninfo.flags = read(kdev) << 1; set_bit(0, &info.flags);",
	  RD_VERDICT_NO_SIGN, "stock" },
	{ ENABLE, ENABLE "\n@<sub_type_hdr->flags |= BIT(3) | 1 << n;@>", RD_VERDICT_MODIFIED,
	  "what no stock code does" },
	{ ENABLE, ENABLE "\n@<sub_type_hdr->flags = table[1].flags | get(1);@>",
	  RD_VERDICT_MODIFIED, "what no stock code does" },
	{ ENABLE, ENABLE "\n@<sub_type_hdr->flags |= cpu_to_le32(4);@>", RD_VERDICT_MODIFIED,
	  "what no stock code does" },
	{ ENABLE, ENABLE "\n@<sub_type_hdr->flags |= CRAT_SUBTYPE_FLAGS_ENABLED << 1;@>",
	  RD_VERDICT_MODIFIED, "what no stock code does" },
	{ ENABLE, ENABLE "\n@<sub_type_hdr->flags |= ~CRAT_MEM_FLAGS_RESERVED;@>",
	  RD_VERDICT_MODIFIED, "what no stock code does" },
	{ ENABLE, ENABLE "\n@<sub_type_hdr->flags |= HSA_CAP(1);@>", RD_VERDICT_MODIFIED,
	  "what no stock code does" },
	{ ENABLE, ENABLE "\n@<sub_type_hdr->flags |= true;@>", RD_VERDICT_MODIFIED,
	  "what no stock code does" },
	{ ENABLE, ENABLE "\n@<sub_type_hdr->flags |= !0;@>", RD_VERDICT_MODIFIED,
	  "what no stock code does" },
	{ ENABLE, ENABLE "\n@<sub_type_hdr->flags |= sizeof(char);@>", RD_VERDICT_MODIFIED,
	  "what no stock code does" },
	{ ENABLE, ENABLE "\n@<sub_type_hdr->flags |= (id == 1) ? 4 : 0;@>", RD_VERDICT_MODIFIED,
	  "what no stock code does" },
	{ ENABLE, ENABLE "\n@<sub_type_hdr->flags++;@>", RD_VERDICT_MODIFIED,
	  "what no stock code does" },
	{ ENABLE, ENABLE "\n@<--sub_type_hdr->flags;@>", RD_VERDICT_MODIFIED,
	  "what no stock code does" },
	{ ENABLE, ENABLE "\n@<sub_type_hdr->flags ^= CRAT_SUBTYPE_FLAGS_ENABLED;@>",
	  RD_VERDICT_MODIFIED, "what no stock code does" },
	{ ENABLE, ENABLE "\n@<(sub_type_hdr->flags) |= CRAT_SUBTYPE_FLAGS_ENABLED;@>",
	  RD_VERDICT_MODIFIED, "what no stock code does" },
	{ ENABLE, ENABLE "\n@<u32 *f = &sub_type_hdr->flags;@>", RD_VERDICT_MODIFIED,
	  "what no stock code does" },
	{ ENABLE, ENABLE "\n@<*(&a->b.flags) |= CRAT_SUBTYPE_FLAGS_ENABLED;@>", RD_VERDICT_MODIFIED,
	  "what no stock code does" },
	{ ENABLE, ENABLE "\n@<__set_bit(1, (unsigned long *)&sub_type_hdr->flags);@>",
	  RD_VERDICT_MODIFIED, "what no stock code does" },
	{ ENABLE, ENABLE "\n@<WRITE_ONCE(sub_type_hdr->flags, CRAT_SUBTYPE_FLAGS_ENABLED);@>",
	  RD_VERDICT_MODIFIED, "what no stock code does" },
	{ ENABLE,
	  ENABLE
	  "\nstruct kfd_mem_properties *props;\n@<props->flags |= CRAT_SUBTYPE_FLAGS_ENABLED;@>",
	  RD_VERDICT_MODIFIED, "flags of a memory bank" },
	{ ENABLE, ENABLE "\n@<if (id == 0x7340)\nsub_type_hdr->flags++;@>", RD_VERDICT_PATCHED,
	  "device id 0x7340" },
	{ ENABLE, ENABLE "\nsub_type_hdr->flags = 0;", RD_VERDICT_NO_SIGN, "stock" },
	{ ENABLE, ENABLE "\nif (id == 0x731f)\nsub_type_hdr->visibility_type = 1;",
	  RD_VERDICT_NO_SIGN, "stock" },
	{ ENABLE, ENABLE "\nif (id == 0x731f)\nsub_type_hdr->flags |= CRAT_CU_FLAGS_GPU_PRESENT;",
	  RD_VERDICT_NO_SIGN, "stock" },
	{ ENABLE,
	  ENABLE "\nif (kdev->adev->asic_type == CHIP_NAVI10)\nreturn IP_VERSION(10, 1, 10);",
	  RD_VERDICT_NO_SIGN, "stock" },
	{ ENABLE,
	  ENABLE "\nif (cu->flags & CRAT_CU_FLAGS_HOT_PLUGGABLE)\nx |= HSA_CAP_HOT_PLUGGABLE;",
	  RD_VERDICT_NO_SIGN, "stock" },
	{ ENABLE, ENABLE "\n@<pr_debug(\"KFD: Enabling fine-grained for RDNA1 0x%x\", 1);@>",
	  RD_VERDICT_MODIFIED, "the message of a known patch" },
	{ HEADER, HEADER "@<#define SAY \"KFD: Enabling fine-grained for RDNA1 0x%x\"@>\n",
	  RD_VERDICT_MODIFIED, "the message of a known patch" },
	{ HEADER, HEADER "/* KFD: Enabling fine-grained for RDNA1 0x%x */\n", RD_VERDICT_NO_SIGN,
	  "stock" },
	{ HEADER, HEADER "#define FINE " FLAG "\n", RD_VERDICT_NO_SIGN, "stock" },
	{ HEADER, HEADER "@<#define HSA_MEM_FLAGS_NON_VOLATILE 3@>\n", RD_VERDICT_PATCHED,
	  "redefines HSA_MEM_FLAGS_NON_VOLATILE" },
	{ HEADER, HEADER "@<#undef CRAT_MEM_FLAGS_NON_VOLATILE@>\n", RD_VERDICT_PATCHED,
	  "redefines CRAT_MEM_FLAGS_NON_VOLATILE" },
	{ HEADER, HEADER "@<#define find_subtype_mem(h, f, w, d) find(h, (f) | 1, w, d)@>\n",
	  RD_VERDICT_MODIFIED, "redefines find_subtype_mem" },
	{ HEADER, HEADER "@<#include \"fix.c\"@>\n", RD_VERDICT_MODIFIED, "no header" },
	{ HEADER, HEADER "@<#include <fix.inc>@>\n", RD_VERDICT_MODIFIED, "no header" },
	{ HEADER, HEADER "#include \"amdgpu_xgmi.h\"\n#include <asm/new.h>\n", RD_VERDICT_NO_SIGN,
	  "stock" },
	{ "return " FUNCTION "(", "return other_mem(", RD_VERDICT_MODIFIED,
	  "nothing in the file calls" },

	/* Not whole. */
	{ HEADER, HEADER "int f(void) { if (x) {\n}\n", RD_VERDICT_UNKNOWN, "do not balance" },
	{ HEADER, HEADER "return 0;\n", RD_VERDICT_UNKNOWN, "a statement outside of any function" },
	{ HEADER, HEADER "{\n\treturn 0;\n};\n", RD_VERDICT_UNKNOWN, "a statement outside" },
	{ HEADER, HEADER "0;\n(x);\n", RD_VERDICT_UNKNOWN, "a statement outside" },
	{ HEADER, HEADER "[[maybe]] static int x;\n;\n", RD_VERDICT_NO_SIGN, "stock" },
	{ HEADER, HEADER "int f(void)\n{\n}\nif (x) {\n}\n", RD_VERDICT_UNKNOWN,
	  "a statement outside" },
	{ HEADER, HEADER "/* ", RD_VERDICT_NO_SIGN, "stock" },
	{ "\treturn 0;\n}\n\nstatic int kfd_parse_crat_all(",
	  "return 0;\n}\n/* static int kfd_parse_crat_all(", RD_VERDICT_UNKNOWN,
	  "comment does not end" },
	{ FUNCTION "(struct", "other_parse_mem(struct", RD_VERDICT_PATCHED, "sets " FLAG },
};

START_TEST(edit_has_its_verdict)
{
	RD_CLEANUP(picture_deinit)
	struct picture picture = draw(edits[_i].find, edits[_i].with);
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;

	ck_assert_int_eq(inspect(picture.text.data, picture.text.len, &ev), edits[_i].verdict);
	assert_first(&ev, &picture, edits[_i].detail);
}
END_TEST

/* Windows line ends, no line end at the end, all on one line: the verdict is the same. */
START_TEST(line_ends_make_no_difference)
{
	RD_CLEANUP(picture_deinit)
	struct picture picture = draw(edits[_i].find, edits[_i].with);
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text crlf = RD_TEXT_INIT;

	rd_text_rstrip(&picture.text);
	for (const char *p = picture.text.data; *p; p++)
		rd_text_append(&crlf, *p == '\n' ? "\r\n" : p, *p == '\n' ? 2 : 1);
	ck_assert_int_eq(inspect(crlf.data, crlf.len, &ev), edits[_i].verdict);
	assert_first(&ev, &picture, edits[_i].detail);
}
END_TEST

static const struct rd_citem *find_function(const struct rd_ccode *code)
{
	for (size_t i = 0; i < code->n; i++) {
		if (rd_ccode_defines(code, &code->items[i], FUNCTION))
			return &code->items[i];
	}
	return NULL;
}

/* What the hunks are for: each put back gives the stock function, token by token. */
START_TEST(hunks_lead_back_to_stock)
{
	RD_CLEANUP(picture_deinit)
	struct picture picture = draw(edits[_i].find, edits[_i].with);
	RD_CLEANUP(rd_ccode_deinit) struct rd_ccode code = RD_CCODE_INIT;
	RD_CLEANUP(rd_ccode_deinit) struct rd_ccode stock = RD_CCODE_INIT;
	RD_CLEANUP(rd_ccode_deinit) struct rd_ccode restored = RD_CCODE_INIT;
	RD_CLEANUP(rd_crat_hunks_deinit) struct rd_crat_hunks hunks = RD_CRAT_HUNKS_INIT;
	RD_CLEANUP(rd_crat_hunks_deinit) struct rd_crat_hunks left = RD_CRAT_HUNKS_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text out = RD_TEXT_INIT;
	const char *stock_text = rd_data_stock_parse_subtype_mem();
	size_t at = 0;

	ck_assert_int_eq(rd_ccode_init(&code, picture.text.data, picture.text.len, NULL), 0);
	ck_assert_int_eq(rd_ccode_init(&stock, stock_text, strlen(stock_text), NULL), 0);
	if (!find_function(&code))
		return;
	ck_assert_int_eq(rd_crat_hunks_init(&hunks, &code, find_function(&code), &stock, NULL), 0);

	for (size_t i = 0; i < hunks.n; i++) {
		const struct rd_crat_hunk *hunk = &hunks.items[i];
		const struct rd_ctoken *token = &code.live.items[hunk->first];

		rd_text_append(&out, picture.text.data + at, token->offset - at);
		at = hunk->n ? token[hunk->n - 1].end : token->offset;
		for (size_t k = 0; k < hunk->stock_n; k++) {
			const struct rd_ctoken *ref = &stock.live.items[hunk->stock_first + k];

			rd_text_printf(&out, "%.*s ", (int)ref->len, ref->text);
		}
	}
	rd_text_puts(&out, picture.text.data + at);

	ck_assert_int_eq(rd_ccode_init(&restored, out.data, out.len, NULL), 0);
	ck_assert_int_eq(
		rd_crat_hunks_init(&left, &restored, find_function(&restored), &stock, NULL), 0);
	ck_assert_uint_eq(left.n, 0);
}
END_TEST

/* What the file defines for the patch is evidence, too. */
static const struct {
	const char *definition, *use, *name;
} helpers[] = {
	{ "#define NAVI10 29471", "if (id == NAVI10) flags |= " FLAG ";", "NAVI10" },
	{ "#define FINE " FLAG, "flags |= FINE;", "FINE" },
	{ "#define SET(f) flags |= HSA_MEM_FLAGS_##f", "SET(HOT_PLUGGABLE);", "SET" },
	{ "enum { NAVI10 = 0x731f };", "if (id == NAVI10) props = NULL;", "NAVI10" },
	{ "static const u16 navi[] = { 0x731f, 0x7340 };", "if (in(navi)) width = 0;", "navi" },
	{ "static bool is_navi(int id) { return id == 0x731f; }", "if (is_navi(id)) width = 0;",
	  "is_navi" },
	{ "static int rdna1_fine = 1;", "if (rdna1_fine) flags |= " FLAG ";", "rdna1_fine" },
};

START_TEST(definitions_of_the_patch_are_named)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text with = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text whole = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text detail = RD_TEXT_INIT;
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;

	rd_text_printf(&with, "%s %s", AFTER, helpers[_i].use);
	rd_text_printf(&whole, "%s\n", helpers[_i].definition);
	put_edited(&whole, rd_data_stock_parse_subtype_mem(), AFTER, with.data);
	rd_text_puts(&whole, tail);
	ck_assert_int_eq(inspect(whole.data, whole.len, &ev), RD_VERDICT_PATCHED);
	ck_assert_uint_eq(ev.n, 2);
	ck_assert_str_eq(ev.items[1].where, "k.c:1-1");
	rd_text_printf(&detail, "defines %s, which the patch uses", helpers[_i].name);
	ck_assert_str_eq(ev.items[1].detail, detail.data);
}
END_TEST

/* A constant is of the headers: what the file itself calls so may be any number. */
START_TEST(own_constants_are_none)
{
	static const char *const definitions[] = { "#define CRAT_FINE (1 << 1)\n",
						   "enum { CRAT_FINE = 2 };\n",
						   "static const u32 CRAT_FINE = 2;\n", "" };
	RD_CLEANUP(rd_text_deinit) struct rd_text with = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text whole = RD_TEXT_INIT;
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;
	const char *definition = definitions[_i];

	rd_text_printf(&with, "%s sub_type_hdr->flags |= CRAT_FINE;", ENABLE);
	rd_text_printf(&whole, "%s%s", definition, rd_data_stock_parse_subtype_mem());
	put_edited(&whole, tail, ENABLE, with.data);
	ck_assert_int_eq(inspect(whole.data, whole.len, &ev),
			 *definition ? RD_VERDICT_MODIFIED : RD_VERDICT_NO_SIGN);
}
END_TEST

/* What calls the function, and what it calls, are known as well as itself. */
static const struct {
	const char *find, *with;
	enum rd_verdict verdict;
	const char *detail;
} beside[] = {
	{ NULL, NULL, RD_VERDICT_NO_SIGN, "stock" },
	{ "\tstruct kfd_mem_properties *props;\n\n",
	  "struct kfd_mem_properties *props;\nflags |= 4;\n", RD_VERDICT_MODIFIED,
	  "find_subtype_mem() differs" },
	{ "&& props->width == width", "", RD_VERDICT_MODIFIED, "find_subtype_mem() differs" },
	{ "return props;", "return dev->id == 0x731f ? NULL : props;", RD_VERDICT_PATCHED,
	  "hand-made patch of find_subtype_mem()" },
	{ "ret = " FUNCTION "(mem, device_list);", "ret = other(mem, device_list);",
	  RD_VERDICT_MODIFIED, "kfd_parse_subtype() differs" },
	{ "ret = " FUNCTION "(mem, device_list);",
	  "((u32 *)mem)[1] |= 2;\nret = " FUNCTION "(mem, device_list);", RD_VERDICT_MODIFIED,
	  "kfd_parse_subtype() differs" },
	{ "ret = " FUNCTION "(mem, device_list);",
	  "ret = " FUNCTION "(mem, device_list);\nfix(device_list);", RD_VERDICT_MODIFIED,
	  "kfd_parse_subtype() differs" },
	{ "\tswitch (sub", "\tfix(sub_type_hdr);\n\tswitch (sub", RD_VERDICT_MODIFIED,
	  "kfd_parse_subtype() differs" },
	{ "\treturn ret;", "\tfix(device_list);\n\treturn ret;", RD_VERDICT_MODIFIED,
	  "kfd_parse_subtype() differs" },
	/* What a kernel of next year may have. */
	{ "\tint ret = 0;", "\tstruct crat_subtype_new *new;\n\tint ret = 0;", RD_VERDICT_NO_SIGN,
	  "stock" },
	{ "\tcase CRAT_SUBTYPE_CACHE",
	  "\tcase CRAT_SUBTYPE_NEW:\n\t\tnew = (void *)sub_type_hdr;\n"
	  "\t\tret = kfd_parse_subtype_new(new, device_list);\n\t\tbreak;\n\tcase CRAT_SUBTYPE_CACHE",
	  RD_VERDICT_NO_SIGN, "stock" },
	{ "\tdefault:", "\tcase CRAT_SUBTYPE_NEW:\n\t\tbreak;\n\tdefault:", RD_VERDICT_NO_SIGN,
	  "stock" },
	{ "kfd_parse_subtype_cu(cu, device_list)", "kfd_parse_subtype_cu(cu, device_list, true)",
	  RD_VERDICT_NO_SIGN, "stock" },
	{ "pr_warn(\"Unknown", "dev_warn(dev, \"No", RD_VERDICT_NO_SIGN, "stock" },
};

START_TEST(neighbours_have_their_verdict)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text whole = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;
	struct picture picture = { 0 };

	rd_text_printf(&whole, "%s%s%s%s", head, rd_data_stock_find_subtype_mem(),
		       rd_data_stock_parse_subtype_mem(), rd_data_stock_parse_subtype());
	if (beside[_i].find)
		ck_assert_ptr_nonnull(strstr(whole.data, beside[_i].find));
	put_edited(&text, whole.data, beside[_i].find, beside[_i].with);
	ck_assert_int_eq(inspect(text.data, text.len, &ev), beside[_i].verdict);
	assert_first(&ev, &picture, beside[_i].detail);
}
END_TEST

/* Two definitions: which one is live decides, and if that cannot be known, the worse one. */
START_TEST(the_live_definition_counts)
{
	static const struct {
		const char *before, *between, *after;
		enum rd_verdict verdict;
	} cases[] = {
		{ "#if 0\n", "#endif\n", "", RD_VERDICT_NO_SIGN },
		{ "", "#if 0\n", "#endif\n", RD_VERDICT_PATCHED },
		{ "#if 1\n", "#else\n", "#endif\n", RD_VERDICT_PATCHED },
		{ "#if 0\n", "#else\n", "#endif\n", RD_VERDICT_NO_SIGN },
		{ "#ifdef RDNA1\n", "#else\n", "#endif\n", RD_VERDICT_PATCHED },
		{ "#ifndef RDNA1\n", "#else\n", "#endif\n", RD_VERDICT_PATCHED },
	};

	for (size_t i = 0; i < RD_N_ELEMENTS(cases); i++) {
		RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
		RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;

		rd_text_puts(&text, cases[i].before);
		put_edited(&text, rd_data_stock_parse_subtype_mem(), AFTER,
			   AFTER " flags |= " FLAG ";");
		rd_text_printf(&text, "%s%s%s%s", cases[i].between,
			       rd_data_stock_parse_subtype_mem(), cases[i].after, tail);
		ck_assert_int_eq(inspect(text.data, text.len, &ev), cases[i].verdict);
	}
}
END_TEST

/* A kernel older than 4.19: another function, nobody's patch. */
START_TEST(older_form_is_unknown)
{
	static const char old[] = "static int " FUNCTION
				  "(struct crat_subtype_memory *mem, struct list_head *list)\n"
				  "{\n\tif (mem->flags & CRAT_MEM_FLAGS_HOT_PLUGGABLE)\n"
				  "\t\tprops->flags |= " FLAG ";\n%s\treturn 0;\n}\n%s";
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;

	rd_text_printf(&text, old, "", tail);
	ck_assert_int_eq(inspect(text.data, text.len, &ev), RD_VERDICT_UNKNOWN);
	ck_assert_ptr_nonnull(strstr(ev.items[0].detail, "before Linux 4.19"));

	rd_text_deinit(&text);
	rd_evidence_deinit(&ev);
	rd_text_printf(&text, old, "\tif (id == 0x731f)\n\t\tprops->flags |= 1;\n", tail);
	ck_assert_int_eq(inspect(text.data, text.len, &ev), RD_VERDICT_PATCHED);
}
END_TEST

START_TEST(notes_name_what_is_not_compiled)
{
	RD_CLEANUP(picture_deinit)
	struct picture picture = draw(AFTER, AFTER "\n@</* flags |= " FLAG "; */@>\n");
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text where = RD_TEXT_INIT;
	bool is_noted = false;

	ck_assert_int_eq(inspect(picture.text.data, picture.text.len, &ev), RD_VERDICT_NO_SIGN);
	rd_text_printf(&where, "k.c:%u-%u", picture.first, picture.last);
	for (size_t i = 0; i < ev.n; i++) {
		ck_assert_int_eq(ev.items[i].kind, RD_EVIDENCE_COVERAGE);
		is_noted |= !strcmp(ev.items[i].where, where.data) &&
			    strstr(ev.items[i].detail, "not compiled");
	}
	ck_assert(is_noted);
}
END_TEST

START_TEST(what_is_no_source_is_unknown)
{
	RD_CLEANUP(picture_deinit) struct picture picture = draw(NULL, NULL);
	RD_CLEANUP(rd_freep) char *large = malloc((size_t)100 << 20);
	static const char *const texts[] = { "",
					     "\n",
					     "int x;\n",
					     "int " FUNCTION "(int a);\n",
					     "#if 0\nint " FUNCTION "(int a) { }\n#endif\n",
					     "\xff\xfe\x80" };

	for (size_t i = 0; i < RD_N_ELEMENTS(texts); i++) {
		RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;

		ck_assert_int_eq(inspect(texts[i], strlen(texts[i]), &ev), RD_VERDICT_UNKNOWN);
		ck_assert_int_eq(ev.items[0].kind, RD_EVIDENCE_LIMIT);
	}
	for (int i = 0; i < 2; i++) {
		RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;
		enum rd_verdict verdict = RD_VERDICT_CLEAN;

		memset(large, i ? '\n' : 'x', (size_t)100 << 20);
		ck_assert_int_eq(rd_crat_source_inspect(large, (size_t)100 << 20, "k.c", &verdict,
							&ev, NULL),
				 0);
		ck_assert_int_eq(verdict, RD_VERDICT_UNKNOWN);
	}
	for (size_t at = 0; at <= picture.text.len; at += 501) {
		RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;
		char kept = picture.text.data[at];

		picture.text.data[at] = '\0';
		ck_assert_int_eq(inspect(picture.text.data, picture.text.len + 1, &ev),
				 RD_VERDICT_UNKNOWN);
		picture.text.data[at] = kept;
	}
}
END_TEST

/* Cut anywhere before its end, the function is never called stock, nor patched. */
START_TEST(truncated_function_is_unknown)
{
	RD_CLEANUP(picture_deinit) struct picture picture = draw(NULL, NULL);
	size_t end = (size_t)(strstr(picture.text.data, "\nstatic int kfd_fill_gpu") -
			      picture.text.data);

	for (size_t len = 0; len < end - 1; len += 7) {
		RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;

		ck_assert_int_eq(inspect(picture.text.data, len, &ev), RD_VERDICT_UNKNOWN);
	}
}
END_TEST

/* Long text, made to be slow or deep, in three places; libcheck's time limit is the judge. */
static const char *const hostile[] = {
	"{",
	"(",
	"[",
	";",
	"x;",
	"break;}",
	"{}",
	"flags.",
	"&flags",
	"->flags=CRAT_A+",
	"a.flags=CRAT_A|b[c].flags;",
	"struct a*b;b->flags=c;",
	"a->flags)",
	FLAG " ",
	"0x731f,",
	"#if x\n",
	"#if 0\n",
	"#else\n",
	"#define a 0x731f\n",
	"\\\n",
	"\\ ",
	"\"",
	"'",
	"/*",
	"/**/",
	"\"\n",
	"@",
	"#",
	"a(",
	"A,",
	"1 ",
	"9",
	"int " FUNCTION "(void){}",
	"kfd_parse_a(",
	"#define HSA_MEM_FLAGS_A\n",
	"/* We're on GPU node */x;",
};

static const char *const places[] = { AFTER, ENABLE, HEADER };

START_TEST(hostile_text_ends)
{
	const char *place = places[_i % (int)RD_N_ELEMENTS(places)];
	const char *text = hostile[_i / (int)RD_N_ELEMENTS(places)];
	RD_CLEANUP(picture_deinit) struct picture picture = { 0 };
	RD_CLEANUP(rd_text_deinit) struct rd_text with = RD_TEXT_INIT;
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;

	rd_text_puts(&with, place);
	while (with.len < RD_CTOKENS_MAX / 2)
		rd_text_puts(&with, text);
	picture = draw(place, with.data);
	inspect(picture.text.data, picture.text.len, &ev);
	rd_crat_source_is(picture.text.data, picture.text.len);
	ck_assert_uint_le(ev.n, RD_EVIDENCE_MAX);
}
END_TEST

START_TEST(source_is_known_by_its_definitions)
{
	static const struct {
		const char *text;
		int is_source;
	} cases[] = {
		{ "static int kfd_parse_subtype_mem(struct a *b,\r\n\tstruct c *d)\r\n{\r\n", 1 },
		{ "int kfd_parse_crat_table(void *a, struct b (*c)(int)) {", 1 },
		{ "static int kfd_parse_subtype_mem(struct a *b);", 0 },
		{ "\tret = kfd_parse_crat_table(a, b);\n\tif (ret) {", 0 },
		{ "if (kfd_parse_crat_table(a, b)) {", 0 },
		{ "kfd_parse_subtype_mem", 0 },
		{ "kfd_parse_subtype_mem(", 0 },
		{ "kfd_parse_", 0 },
		{ "", 0 },
	};

	for (size_t i = 0; i < RD_N_ELEMENTS(cases); i++) {
		size_t len = strlen(cases[i].text);
		RD_CLEANUP(rd_freep) char *copy = malloc(len ? len : 1);

		memcpy(copy, cases[i].text, len);
		ck_assert_int_eq(rd_crat_source_is(copy, len), cases[i].is_source);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crat-source");
	TCase *tc = tcase_create("crat-source");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, edit_has_its_verdict, 0, (int)RD_N_ELEMENTS(edits));
	tcase_add_loop_test(tc, line_ends_make_no_difference, 0, (int)RD_N_ELEMENTS(edits));
	tcase_add_loop_test(tc, hunks_lead_back_to_stock, 0, (int)RD_N_ELEMENTS(edits));
	tcase_add_loop_test(tc, definitions_of_the_patch_are_named, 0, (int)RD_N_ELEMENTS(helpers));
	tcase_add_loop_test(tc, own_constants_are_none, 0, 4);
	tcase_add_loop_test(tc, neighbours_have_their_verdict, 0, (int)RD_N_ELEMENTS(beside));
	tcase_add_test(tc, the_live_definition_counts);
	tcase_add_test(tc, older_form_is_unknown);
	tcase_add_test(tc, notes_name_what_is_not_compiled);
	tcase_add_test(tc, what_is_no_source_is_unknown);
	tcase_add_test(tc, truncated_function_is_unknown);
	tcase_add_loop_test(tc, hostile_text_ends, 0,
			    (int)(RD_N_ELEMENTS(hostile) * RD_N_ELEMENTS(places)));
	tcase_add_test(tc, source_is_known_by_its_definitions);
	suite_add_tcase(suite, tc);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
