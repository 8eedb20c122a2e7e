// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kfd_crat.c, kfd_flat_memory.c, kfd_interrupt.c and kfd_queue.c ask of the rest of amdgpu.
 * Nothing here looks at a device: no header of the driver is included, and the types are only as
 * wide as the calls need. The one that is called when the module loads,
 * kfd_create_topology_device(), refuses; the parser then gives up politely.
 */
#include <linux/types.h>

int debug_largebar;
void *kfd_device;
int ignore_crat = 1;

#define NONE(name)                \
	void *name(void);         \
	noinline void *name(void) \
	{                         \
		return NULL;      \
	}

NONE(amdgpu_amdkfd_get_cu_info)
NONE(amdgpu_amdkfd_get_pcie_bandwidth_mbytes)
NONE(amdgpu_amdkfd_get_xgmi_bandwidth_mbytes)
NONE(amdgpu_amdkfd_get_xgmi_hops_count)
NONE(kfd_create_process_device_data)
NONE(kfd_create_topology_device)
NONE(kfd_dev_is_large_bar)
NONE(kfd_iommu_check_device)
NONE(kfd_numa_node_to_apic_id)
NONE(kfd_release_topology_device_list)
NONE(kfd_topology_device_by_proximity_domain_no_lock)
NONE(kfd_topology_enum_kfd_devices)
