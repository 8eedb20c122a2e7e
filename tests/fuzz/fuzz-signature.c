/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A kernel image and a module in one file: 32 bits say how long the image is, little endian. The
 * module is verified with what the image has built in. The whole is read as an EFI variable, too.
 */

#include <endian.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "inspect/signature.h"
#include "inspect/vmlinuz.h"

static void verify(const struct rd_certificates *certificates, const uint8_t *data, size_t len)
{
	RD_CLEANUP(rd_freep) char *signer = NULL, *serial = NULL;
	const struct rd_certificate *certificate = NULL;
	struct rd_error err = RD_ERROR_INIT;
	struct rd_signature signature;

	if (rd_signature_find(data, len, &signature, &err))
		return;
	rd_signature_read_names(&signature, &signer, &serial, &err);
	rd_signature_verify(&signature, certificates, &certificate, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	RD_CLEANUP(rd_certificates_deinit)
	struct rd_certificates built_in = { 0 }, enrolled = { 0 };
	struct rd_error err = RD_ERROR_INIT;
	uint32_t image;

	if (len < sizeof(image))
		return 0;
	rd_certificates_add_efi(&enrolled, data, len, &err);
	memcpy(&image, data, sizeof(image));
	image = le32toh(image);
	data += sizeof(image);
	len -= sizeof(image);
	if (image > len)
		image = (uint32_t)len;
	rd_vmlinuz_read_certificates(data, image, &built_in, &err);
	verify(&built_in, data + image, len - image);
	return 0;
}
