interfaces {
    ethernet eth0 {
        address dhcp
        description "to the internet"
    }
    ethernet eth1 {
        address 192.168.11.1/24
        disable
    }
    tunnel tun100 {
        address 172.16.253.11/32
        enable-multicast
        encapsulation gre
        mtu 1400
        parameters {
            ip {
                key 42
            }
        }
        source-interface eth0
    }
}
protocols {
    bgp {
        neighbor 172.16.253.1 {
            address-family {
                ipv4-unicast {
                    nexthop-self {
                    }
                }
            }
            bfd {
            }
            remote-as 65000
            timers {
                holdtime 15
                keepalive 5
            }
        }
        system-as 65011
    }
    nhrp {
        tunnel tun100 {
            authentication sesame
            holdtime 300
            map {
                tunnel-ip 172.16.253.9 {
                    nbma 192.0.2.9
                }
            }
            multicast nhs
            network-id 1
            nhs {
                tunnel-ip 172.16.253.1 {
                    nbma 192.0.2.1
                }
                tunnel-ip dynamic {
                    nbma 192.0.2.2
                    nbma hub3.example.net
                }
            }
            registration-no-unique
            shortcut
        }
    }
    static {
        route 0.0.0.0/0 {
            next-hop 198.51.100.1 {
                distance 10
            }
        }
        route 172.16.253.0/24 {
            interface tun100 {
            }
        }
    }
}
service {
    ssh {
        port 22
    }
}
system {
    host-name spoke11
    login {
        user vyos {
            authentication {
                encrypted-password "$6$hidden"
            }
        }
    }
}
vpn {
    ipsec {
        esp-group ESP {
            lifetime 1800
            mode transport
            pfs enable
            proposal 1 {
                encryption aes256gcm128
                hash sha256
            }
        }
        ike-group IKE {
            dead-peer-detection {
                action clear
                interval 15
                timeout 65
            }
            key-exchange ikev2
            lifetime 3600
            proposal 1 {
                dh-group 19
                encryption aes256gcm128
                hash sha256
                prf prfsha384
            }
        }
        interface eth0
        options {
            disable-route-autoinstall
        }
        profile DMVPN {
            authentication {
                mode pre-shared-secret
                pre-shared-secret "hidden"
            }
            bind {
                tunnel tun100
            }
            esp-group ESP
            ike-group IKE
        }
    }
}

/* Warning: Do not remove the following line. */
/* === vyatta-config-version: "bgp@5:nhrp@1" === */
// Release version: 1.5
