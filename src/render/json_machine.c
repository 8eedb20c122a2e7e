/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The machine around the copies: cards, what runs, kernels, images, dkms, configuration, keys,
 * packages. */

#include "json.h"

static void add_gpu(struct document *document, struct json_object *gpus, const struct rd_gpu *gpu)
{
	struct json_object *o = document_object(document, gpus, NULL);

	document_string(document, o, "slot", gpu->slot);
	document_hex(document, o, "vendor", RD_NUM(gpu->vendor), 4);
	document_hex(document, o, "device", RD_NUM(gpu->device), 4);
	document_hex(document, o, "subsystem_vendor", gpu->subsystem_vendor, 4);
	document_hex(document, o, "subsystem_device", gpu->subsystem_device, 4);
	document_hex(document, o, "revision", gpu->revision, 2);
	document_hex(document, o, "class", gpu->pci_class, 6);
	document_bool(document, o, "is_rdna1", gpu->chip_class == RD_CHIP_RDNA1);
	document_string(document, o, "name", gpu->name);
	document_string(document, o, "chip", gpu->chip);
	document_string(document, o, "gfx", gpu->gfx);
	document_string(document, o, "driver", gpu->driver);
	document_bool(document, o, "is_driver_known", gpu->is_driver_known);
	document_string(document, o, "drm_card", gpu->drm_card);
	document_string(document, o, "drm_render", gpu->drm_render);
	document_string(document, o, "link_speed", gpu->link_speed);
	document_number(document, o, "link_width", gpu->link_width);
}

static void add_running(struct document *document, const struct rd_running *running)
{
	struct json_object *o = document_object(document, document->root, "running"), *list;

	document_string(document, o, "kernel", running->kernel);
	document_presence(document, o, "is_loaded", running->is_loaded);
	document_bool(document, o, "is_builtin", running->is_builtin);
	document_string(document, o, "build_id", running->build_id);
	document_string(document, o, "srcversion", running->srcversion);
	document_string(document, o, "version", running->version);
	document_string(document, o, "taint", running->taint);
	list = document_array(document, o, "parameters");
	for (size_t i = 0; i < running->parameters.n; i++) {
		struct json_object *p = document_object(document, list, NULL);

		document_string(document, p, "name", running->parameters.items[i].name);
		document_string(document, p, "value", running->parameters.items[i].value);
	}
	document_strings(document, o, "livepatches", running->livepatches.items,
			 running->livepatches.n);
}

static void add_kernels(struct document *document, const struct rd_kernels *kernels)
{
	struct json_object *list = document_array(document, document->root, "kernels");

	for (size_t i = 0; i < kernels->n; i++) {
		const struct rd_kernel *kernel = &kernels->items[i];
		struct json_object *o = document_object(document, list, NULL);

		document_string(document, o, "release", kernel->release);
		document_bool(document, o, "is_running", kernel->is_running);
		document_string(document, o, "resolved", kernel->resolved);
		document_string(document, o, "expected", kernel->expected);
		document_presence(document, o, "has_amdgpu", kernel->has_amdgpu);
		document_presence(document, o, "has_builtin", kernel->has_builtin);
		document_presence(document, o, "has_headers", kernel->has_headers);
		document_string(document, o, "autoinstall", kernel->autoinstall);
	}
}

static void add_images(struct document *document, const struct rd_images *images)
{
	struct json_object *list = document_array(document, document->root, "images");

	for (size_t i = 0; i < images->n; i++) {
		const struct rd_image *image = &images->items[i];
		struct json_object *o = document_object(document, list, NULL);

		document_string(document, o, "path", image->path);
		document_string(document, o, "kernel", image->kernel);
		document_text(document, o, "format", image->format);
		document_text(document, o, "role", rd_image_role_name(image->role));
		document_bool(document, o, "is_uki", image->is_uki);
		document_presence(document, o, "has_amdgpu", image->has_amdgpu);
		document_string(document, o, "resolved", image->resolved);
	}
}

static void add_build(struct document *document, struct json_object *builds,
		      const struct rd_dkms_build *build)
{
	struct json_object *o = document_object(document, builds, NULL);

	document_string(document, o, "kernel", build->kernel);
	document_string(document, o, "arch", build->arch);
	document_text(document, o, "state", rd_dkms_state_name(build->state));
	document_bool(document, o, "has_original", build->has_original);
	document_string(document, o, "log", build->log);
	document_string(document, o, "error", build->error);
}

static void add_dkms_package(struct document *document, struct json_object *packages,
			     const struct rd_dkms_package *package)
{
	struct json_object *o = document_object(document, packages, NULL), *list;

	document_string(document, o, "name", package->name);
	document_string(document, o, "version", package->version);
	document_string(document, o, "path", package->path);
	document_string(document, o, "source", package->source);
	document_bool(document, o, "is_newest", package->is_newest);
	document_presence(document, o, "has_autoinstall", package->has_autoinstall);
	document_string(document, o, "problem", package->problem);
	list = document_array(document, o, "modules");
	for (size_t i = 0; i < package->modules.n; i++) {
		struct json_object *module = document_object(document, list, NULL);

		document_string(document, module, "name", package->modules.items[i].name);
		document_string(document, module, "location", package->modules.items[i].location);
		document_bool(document, module, "is_conditional",
			      package->modules.items[i].is_conditional);
	}
	document_strings(document, o, "patches", package->patches.items, package->patches.n);
	document_strings(document, o, "hooks", package->hooks.items, package->hooks.n);
	json_evidence(document, o, "patched_by", &package->patched_by);
	json_evidence(document, o, "touched_by", &package->touched_by);
	list = document_array(document, o, "builds");
	for (size_t i = 0; i < package->builds.n; i++)
		add_build(document, list, &package->builds.items[i]);
}

static void add_modprobe(struct document *document, const struct rd_modprobe_lines *lines)
{
	struct json_object *list = document_array(document, document->root, "modprobe");

	for (size_t i = 0; i < lines->n; i++) {
		struct json_object *o = document_object(document, list, NULL);

		document_text(document, o, "kind", rd_modprobe_kind_name(lines->items[i].kind));
		document_string(document, o, "module", lines->items[i].module);
		document_string(document, o, "place", lines->items[i].place);
		document_string(document, o, "text", lines->items[i].text);
	}
}

static void add_policy(struct document *document, const struct rd_policy *policy)
{
	struct json_object *o = document_object(document, document->root, "policy"), *list;

	document_presence(document, o, "secure_boot", policy->secure_boot);
	document_presence(document, o, "enforces_signatures", policy->enforces_signatures);
	document_string(document, o, "lockdown", policy->lockdown);
	document_presence(document, o, "keys_known", policy->keys_known);
	list = document_array(document, o, "keys");
	for (size_t i = 0; i < policy->keys.n; i++) {
		struct json_object *key = document_object(document, list, NULL);

		document_string(document, key, "id", policy->keys.items[i].id);
		document_string(document, key, "name", policy->keys.items[i].name);
		document_string(document, key, "keyring", policy->keys.items[i].keyring);
	}
}

static void add_packages(struct document *document, const struct rd_packages *packages)
{
	struct json_object *list = document_array(document, document->root, "packages");

	for (size_t i = 0; i < packages->n; i++) {
		const struct rd_package *package = &packages->items[i];
		struct json_object *o = document_object(document, list, NULL);

		document_text(document, o, "manager", rd_package_manager_name(package->manager));
		document_string(document, o, "name", package->name);
		document_string(document, o, "version", package->version);
		document_string(document, o, "restore", package->restore);
		document_presence(document, o, "is_source_whole", package->is_source_whole);
		document_strings(document, o, "changed", package->changed.items,
				 package->changed.n);
	}
	document_string(document, document->root, "packages_problem", packages->problem);
}

static void add_leftovers(struct document *document, const struct rd_leftovers *leftovers)
{
	struct json_object *list = document_array(document, document->root, "leftovers");

	for (size_t i = 0; i < leftovers->n; i++) {
		struct json_object *o = document_object(document, list, NULL);

		document_string(document, o, "path", leftovers->items[i].path);
		document_string(document, o, "string", leftovers->items[i].string);
		document_text(document, o, "effect", leftovers->items[i].sign->effect);
	}
}

static void add_recoveries(struct document *document, const struct rd_recoveries *recoveries)
{
	struct json_object *o = document_object(document, document->root, "recovery");
	const struct rd_num unfinished = { .known = recoveries->unfinished,
					   .v = recoveries->unfinished };
	const struct rd_num in_progress = { .known = recoveries->in_progress,
					    .v = recoveries->in_progress };
	const struct rd_num armed = { .known = recoveries->armed, .v = recoveries->armed };

	document_number(document, o, "unfinished", unfinished);
	document_number(document, o, "in_progress", in_progress);
	document_number(document, o, "armed", armed);
}

void json_machine(struct document *document, const struct rd_facts *facts)
{
	struct json_object *list;

	document_string(document, document->root, "root", facts->root);
	document_string(document, document->root, "distribution", facts->distribution);
	document_string(document, document->root, "only_kernel", facts->only_kernel);
	add_running(document, &facts->running);
	list = document_array(document, document->root, "gpus");
	for (size_t i = 0; i < facts->gpus.n; i++)
		add_gpu(document, list, &facts->gpus.items[i]);
	add_kernels(document, &facts->kernels);
	add_images(document, &facts->images);
	list = document_array(document, document->root, "dkms");
	for (size_t i = 0; i < facts->dkms.n; i++)
		add_dkms_package(document, list, &facts->dkms.items[i]);
	add_modprobe(document, &facts->modprobe);
	add_policy(document, &facts->policy);
	add_packages(document, &facts->packages);
	add_leftovers(document, &facts->leftovers);
	add_recoveries(document, &facts->recoveries);
}
