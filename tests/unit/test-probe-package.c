/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which package has a file, whether it is the package's, and the original out of a cached one. */

#include <zlib.h>

#include "probe/package.h"
#include "tree.h"

#define INFO   "var/lib/dpkg/info/"
#define KERNEL "6.1.0-50-amd64"
#define AMDGPU "lib/modules/" KERNEL "/kernel/amdgpu.ko"
#define A_600  "f5091e6f3df8500fadf1c3ca00e10caf"

/* RFC 1321, A.5 and md5sum(1). */
#define MD5_ABC	  "900150983cd24fb0d6963f7d28e17f72"
#define MD5_OTHER "d41d8cd98f00b204e9800998ecf8427e"
/* FIPS 180-4. */
#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

#define STANZA(name, state) "Package: " name "\nStatus: install ok " state "\nVersion: 1:2\n\n"

static struct rd_package_db db;
static struct rd_error err;

static void setup(void)
{
	tree_setup();
	db = (struct rd_package_db){ .sys = &tree_system };
}

static void teardown(void)
{
	rd_package_db_deinit(&db);
	tree_teardown();
}

/* Asks who has a file with the content "abc". */
static void expect(const char *path, const char *name, enum rd_presence is_equal)
{
	RD_CLEANUP(rd_package_owner_deinit) struct rd_package_owner owner = RD_PACKAGE_OWNER_INIT;
	const struct rd_package_file file = {
		.path = path,
		.data = (const uint8_t *)"abc",
		.len = 3,
	};

	ck_assert_int_eq(rd_package_find(&db, &file, &owner, &err), 0);
	ck_assert_pstr_eq(owner.name, name);
	if (name)
		ck_assert_int_eq(owner.is_equal, is_equal);
}

static void put_list(const char *package, const char *digest, const char *path)
{
	char name[256], text[512];

	snprintf(name, sizeof(name), INFO "%s.md5sums", package);
	snprintf(text, sizeof(text), "%s  other\n%s  %s\n", MD5_OTHER, digest, path);
	tree_write(name, text);
}

static const struct {
	const char *package, *list, *path;
	bool is_found;
} named[] = {
	{ "linux-image-" KERNEL, AMDGPU, "/" AMDGPU, true },
	{ "linux-image-" KERNEL ":amd64", "usr/" AMDGPU, "/" AMDGPU, true },
	{ "linux-image-unsigned-" KERNEL, AMDGPU, "/usr/" AMDGPU, true },
	{ "linux-modules-extra-" KERNEL, AMDGPU, "/" AMDGPU, true },
	{ "proxmox-kernel-6.8.12-1-pve-signed", "lib/modules/6.8.12-1-pve/k.ko",
	  "/lib/modules/6.8.12-1-pve/k.ko", true },
	{ "linux-image-6.9.1-custom", "lib/modules/6.9.1-Custom/k.ko",
	  "/lib/modules/6.9.1-Custom/k.ko", true },
	{ "amdgpu-dkms", "usr/src/amdgpu-6.1/k.c", "/usr/src/amdgpu-6.1/k.c", true },
	{ "linux-source-6.1", "usr/src/linux-source-6.1/k.c", "/usr/src/linux-source-6.1/k.c",
	  true },
	{ "libdrm2:amd64", AMDGPU, "/" AMDGPU, false },
	{ "linux-image-" KERNEL, AMDGPU, "/lib/modules/" KERNEL "/updates/dkms/amdgpu.ko", false },
	{ "linux-image-" KERNEL, "boot/vmlinuz-" KERNEL, "/boot/vmlinuz-" KERNEL, true },
	{ "linux-image-" KERNEL, "boot/config-" KERNEL, "/boot/config-" KERNEL, false },
};

START_TEST(lists_by_name)
{
	char name[128];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(named[_i].package, ":"),
		 named[_i].package);
	put_list(named[_i].package, MD5_ABC, named[_i].list);
	put_list("dash", MD5_OTHER, "bin/sh");
	expect(named[_i].path, named[_i].is_found ? name : NULL, RD_PRESENCE_YES);
}
END_TEST

START_TEST(thorough_search_asks_all)
{
	put_list("libdrm2:amd64", MD5_ABC, AMDGPU);
	db.is_thorough = true;
	expect("/" AMDGPU, "libdrm2", RD_PRESENCE_YES);
	expect("/etc/nobody", NULL, RD_PRESENCE_UNKNOWN);
}
END_TEST

static const struct {
	const char *state;
	enum rd_presence is_equal;
} states[] = {
	{ "installed", RD_PRESENCE_NO },	 { "unpacked", RD_PRESENCE_NO },
	{ "half-configured", RD_PRESENCE_NO },	 { "triggers-awaited", RD_PRESENCE_NO },
	{ "triggers-pending", RD_PRESENCE_NO },	 { "half-installed", RD_PRESENCE_UNKNOWN },
	{ "config-files", RD_PRESENCE_UNKNOWN }, { "not-installed", RD_PRESENCE_UNKNOWN },
};

START_TEST(difference_counts_once_unpacked)
{
	char status[256];

	snprintf(status, sizeof(status),
		 STANZA("other", "installed") "Package: linux-image-" KERNEL
					      "\nStatus: install ok %s\nVersion: 1:2\n",
		 states[_i].state);
	tree_write("var/lib/dpkg/status", status);
	put_list("linux-image-" KERNEL, MD5_OTHER, AMDGPU);
	expect("/" AMDGPU, "linux-image-" KERNEL, states[_i].is_equal);
}
END_TEST

START_TEST(equal_list_wins)
{
	put_list("linux-image-" KERNEL, MD5_OTHER, AMDGPU);
	put_list("linux-modules-" KERNEL, MD5_ABC, AMDGPU);
	expect("/" AMDGPU, "linux-modules-" KERNEL, RD_PRESENCE_YES);
}
END_TEST

/* The kernel's module was moved aside for the one of package "other". */
START_TEST(diverted_by_a_package)
{
	put_list("linux-image-" KERNEL, MD5_ABC, AMDGPU);
	put_list("other", MD5_OTHER, "usr/" AMDGPU);
	tree_write("var/lib/dpkg/status",
		   STANZA("linux-image-" KERNEL, "installed") STANZA("other", "installed"));
	tree_write("var/lib/dpkg/diversions",
		   "/bin/sh\n/bin/sh.distrib\ndash\n/" AMDGPU "\n/lib/modules/" KERNEL
		   "/diverted/amdgpu.ko\nother\n");
	expect("/" AMDGPU, "other", RD_PRESENCE_NO);
	expect("/lib/modules/" KERNEL "/diverted/amdgpu.ko", "linux-image-" KERNEL,
	       RD_PRESENCE_YES);
}
END_TEST

START_TEST(diverted_by_the_administrator)
{
	put_list("linux-image-" KERNEL, MD5_ABC, AMDGPU);
	tree_write("var/lib/dpkg/diversions",
		   "/usr/" AMDGPU "\n/lib/modules/" KERNEL "/aside/amdgpu.ko\n:\n");
	expect("/" AMDGPU, NULL, RD_PRESENCE_UNKNOWN);
	expect("/lib/modules/" KERNEL "/aside/amdgpu.ko", "linux-image-" KERNEL, RD_PRESENCE_YES);
}
END_TEST

#define CONF "/usr/src/amdgpu-6.1/dkms.conf"

static const struct {
	const char *lines; /* of the field */
	const char *package;
	enum rd_presence is_equal;
} conffiles[] = {
	{ " /etc/x " MD5_OTHER "\n " CONF " " MD5_ABC "\n", "amdgpu-dkms", RD_PRESENCE_YES },
	{ " " CONF " " MD5_OTHER "\n", "amdgpu-dkms", RD_PRESENCE_NO },
	{ " " CONF " " MD5_ABC " obsolete\n", NULL, RD_PRESENCE_UNKNOWN },
	{ " " CONF " newconffile\n", NULL, RD_PRESENCE_UNKNOWN },
	{ " " CONF ".d " MD5_ABC "\n", NULL, RD_PRESENCE_UNKNOWN },
	{ " /x" CONF " " MD5_ABC "\n", NULL, RD_PRESENCE_UNKNOWN },
	{ " " CONF, NULL, RD_PRESENCE_UNKNOWN },
};

START_TEST(files_of_configuration)
{
	char text[1024];

	put_list("amdgpu-dkms", MD5_ABC, "usr/src/amdgpu-6.1/k.c");
	snprintf(text, sizeof(text),
		 STANZA("other", "installed") "Package: amdgpu-dkms\nStatus: install ok "
					      "installed\nVersion: 1:2\nConffiles:\n%s",
		 conffiles[_i].lines);
	tree_write("var/lib/dpkg/status", text);
	expect(CONF, conffiles[_i].package, conffiles[_i].is_equal);
}
END_TEST

static void put_pacman(const char *package, const char *mtree)
{
	char path[256];
	uint8_t packed[4096];
	z_stream z = { 0 };

	/* 15 + 16: zlib.h, deflateInit2(), a gzip header. */
	ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)mtree;
	z.avail_in = (uInt)strlen(mtree);
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	snprintf(path, sizeof(path), "var/lib/pacman/local/%s/mtree", package);
	tree_put(path, packed, z.total_out);
	snprintf(path, sizeof(path), "var/lib/pacman/local/%s/desc", package);
	tree_write(path, "%NAME%\nx\n\n%ARCH%\nx86_64\n\n");
}

START_TEST(pacman_kernel)
{
	put_pacman("linux-lts-6.6.1-1",
		   "#mtree\n./usr/lib/modules/6.9/a.ko md5digest=" MD5_OTHER "\n");
	put_pacman("linux-1:6.9-1", "#mtree\n/set type=file\n./usr/lib/modules/6.9/a.ko time=1.0 "
				    "md5digest=" MD5_OTHER " sha256digest=" SHA256_ABC "\n");
	expect("/usr/lib/modules/6.9/a.ko", NULL, RD_PRESENCE_UNKNOWN);
	tree_write("usr/lib/modules/6.9/pkgbase", "linux\n");
	expect("/usr/lib/modules/6.9/a.ko", "linux", RD_PRESENCE_YES);
	expect("/lib/modules/6.9/a.ko", "linux", RD_PRESENCE_YES);
	expect("/usr/lib/modules/6.9/b.ko", NULL, RD_PRESENCE_UNKNOWN);
	db.is_thorough = true;
	expect("/usr/lib/modules/6.9/a.ko", "linux", RD_PRESENCE_YES);
}
END_TEST

static void put_fixture(const char *path, const char *fixture)
{
	char command[4096];

	snprintf(command, sizeof(command), "cp '%s/%s' '%s'", getenv("RD_FIXTURES"), fixture,
		 tree_path(path));
	ck_assert_int_eq(system(command), 0);
}

static int take_original(const char *path, struct rd_package_original *original)
{
	err.msg[0] = '\0';
	return rd_package_original(&db, path, original, &err);
}

static void expect_original(const char *path, const char *package, const char *archive)
{
	RD_CLEANUP(rd_package_original_deinit)
	struct rd_package_original original = RD_PACKAGE_ORIGINAL_INIT;

	ck_assert_msg(!take_original(path, &original), "%s", err.msg);
	ck_assert_str_eq(original.package, package);
	ck_assert_str_eq(original.archive, archive);
	ck_assert_uint_eq(original.content.len, 600);
	for (size_t i = 0; i < 600; i++)
		ck_assert_int_eq(original.content.data[i], 'a');
}

static void expect_no_original(const char *path, int code)
{
	RD_CLEANUP(rd_package_original_deinit)
	struct rd_package_original original = RD_PACKAGE_ORIGINAL_INIT;

	ck_assert_int_eq(take_original(path, &original), code);
	ck_assert_str_ne(err.msg, "");
	ck_assert_ptr_null(original.content.data);
}

#define A_KO "/lib/modules/k/a.ko"

START_TEST(original_of_a_deb)
{
	static const char cached[] = "var/cache/apt/archives/linux-image-k_1%3a2+b_amd64.deb";

	expect_no_original(A_KO, RD_PACKAGE_UNOWNED);
	rd_package_db_deinit(&db);
	db.sys = &tree_system;
	put_list("linux-image-k", A_600, "lib/modules/k/a.ko");
	expect_no_original(A_KO, RD_PACKAGE_NOT_CACHED); /* no version known */
	tree_write("var/lib/dpkg/status", "Package: linux-image-k\nStatus: install ok installed\n"
					  "Version: 1:2+b\nArchitecture: amd64\n");
	expect_no_original(A_KO, RD_PACKAGE_NOT_CACHED);
	put_fixture(cached, "gnu.xz.deb");
	expect_original(A_KO, "linux-image-k",
			"/var/cache/apt/archives/linux-image-k_1%3a2+b_amd64.deb");
	expect_original("/usr" A_KO, "linux-image-k",
			"/var/cache/apt/archives/linux-image-k_1%3a2+b_amd64.deb");
	put_fixture(cached, "cut.deb");
	expect_no_original(A_KO, RD_PACKAGE_UNUSABLE);
	put_fixture(cached, "pax.zst.deb");
	put_list("linux-image-k", MD5_ABC, "lib/modules/k/a.ko");
	expect_no_original(A_KO, RD_PACKAGE_UNUSABLE); /* another file than the list says */
}
END_TEST

START_TEST(original_of_a_pacman_package)
{
	put_pacman("linux-6.9-1", "./usr/lib/modules/k/a.ko md5digest=" A_600 "\n");
	tree_write("usr/lib/modules/k/pkgbase", "linux\n");
	expect_no_original(A_KO, RD_PACKAGE_NOT_CACHED);
	put_fixture("var/cache/pacman/pkg/linux-6.9-1-x86_64.pkg.tar.zst", "pax.zst.pkg");
	expect_original(A_KO, "linux", "/var/cache/pacman/pkg/linux-6.9-1-x86_64.pkg.tar.zst");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe-package");
	TCase *tcase = tcase_create("package");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, lists_by_name, 0, (int)RD_N_ELEMENTS(named));
	tcase_add_test(tcase, thorough_search_asks_all);
	tcase_add_loop_test(tcase, difference_counts_once_unpacked, 0, (int)RD_N_ELEMENTS(states));
	tcase_add_test(tcase, equal_list_wins);
	tcase_add_test(tcase, diverted_by_a_package);
	tcase_add_test(tcase, diverted_by_the_administrator);
	tcase_add_loop_test(tcase, files_of_configuration, 0, (int)RD_N_ELEMENTS(conffiles));
	tcase_add_test(tcase, pacman_kernel);
	tcase_add_test(tcase, original_of_a_deb);
	tcase_add_test(tcase, original_of_a_pacman_package);
	suite_add_tcase(suite, tcase);
	return tree_run(suite);
}
