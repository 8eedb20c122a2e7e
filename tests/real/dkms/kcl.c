// SPDX-License-Identifier: GPL-2.0-only
/* What makes amdgpu need the other two modules of its set. */
int amdttm_ready(void);
int amdgpu_kcl_ready(void);

int amdgpu_kcl_ready(void)
{
	return amdttm_ready();
}
