/* ifname: the way back from a kernel name to the router's spelling. */
#ifndef DMVPN_CONFIG_IFNAME_H
#define DMVPN_CONFIG_IFNAME_H

/* "Gi0-0.10" -> "GigabitEthernet0/0.10"; names of this system stay. Returns out. */
const char *ifname_ios(const char *kernel, char out[64]);

#endif
