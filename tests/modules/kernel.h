/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a module source takes from the kernel's headers, in the few shapes that a reader of compiled
 * modules can see: list heads, the PCI device that kfd_crat.c can reach, module information, and
 * call sites of dynamic debug. Freestanding; nothing here is kernel code.
 * Layouts: struct _ddebug as of Linux 5.18 to 6.x with jump labels (56 bytes, two pointers more
 * than the line word at +32), .modinfo as zero-terminated tag=value strings.
 */

#include <stddef.h>
#include <stdint.h>

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

struct list_head {
	struct list_head *next, *prev;
};

/* The device id stands at +0x3e in the real structure (6.1 to 6.17) too. */
struct pci_dev {
	uint8_t bus[0x3c];
	uint16_t vendor, device;
};

struct pci_device_id {
	uint32_t vendor, device, subvendor, subdevice, class, class_mask;
	uint64_t driver_data;
};

struct _ddebug {
	const char *modname, *function, *filename, *format;
	uint32_t line : 18, class_id : 6, flags : 8;
	struct {
		int enabled;
		uintptr_t type;
	} key;
} __attribute__((aligned(8)));
_Static_assert(sizeof(struct _ddebug) == 56, "struct _ddebug of a kernel with jump labels");

void __dynamic_pr_debug(struct _ddebug *site, const char *format, ...);
int _printk(const char *format, ...);
void *kmalloc(size_t size, unsigned int flags);
void kfree(const void *p);
int __pci_register_driver(void *driver, void *module, const char *name);
void pci_unregister_driver(void *driver);

#define pr_debug(format_, ...)                                                               \
	do {                                                                                 \
		static struct _ddebug __attribute__((section("__dyndbg"), used, aligned(8))) \
		site_ = {                                                                    \
			.modname = "amdgpu",                                                 \
			.function = __func__,                                                \
			.filename = SOURCE_PREFIX "kfd_crat.c",                              \
			.format = format_,                                                   \
			.line = __LINE__,                                                    \
			.class_id = 63,                                                      \
		};                                                                           \
		if (__builtin_expect(site_.key.enabled, 0))                                  \
			__dynamic_pr_debug(&site_, "amdgpu: " format_, ##__VA_ARGS__);       \
	} while (0)

#define MODINFO_2(name, line, text)       \
	static const char name##_##line[] \
		__attribute__((section(".modinfo"), used, aligned(1))) = text
#define MODINFO_1(line, text) MODINFO_2(modinfo, line, text)
#define MODULE_INFO(text)     MODINFO_1(__LINE__, text)
