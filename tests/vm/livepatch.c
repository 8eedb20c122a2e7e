// SPDX-License-Identifier: GPL-2.0-only
/* A live patch of amdgpu that changes nothing: one function replaced by its like. */
#include <linux/livepatch.h>
#include <linux/mm.h>
#include <linux/module.h>

static void destroy_crat_image(void *image)
{
	kvfree(image);
}

static struct klp_func functions[] = {
	{
		.old_name = "kfd_destroy_crat_image",
		.new_func = destroy_crat_image,
	},
	{},
};

static struct klp_object objects[] = {
	{
		.name = "amdgpu",
		.funcs = functions,
	},
	{},
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objects,
};

static int __init livepatch_init(void)
{
	return klp_enable_patch(&patch);
}
module_init(livepatch_init);

MODULE_DESCRIPTION("A live patch of amdgpu for a test");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
