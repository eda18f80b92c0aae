interfaces {
    ethernet eth0 {
        address 192.0.2.1/24
        description "to the internet"
    }
    ethernet eth1 {
        address 10.1.0.1/24
        vif 20 {
            address 10.1.20.1/24
        }
    }
    tunnel tun0 {
        address 10.0.0.1/32
        enable-multicast
        encapsulation gre
        mtu 1400
        /* the key is the same on all routers */
        parameters {
            ip {
                key 42
            }
        }
        source-interface eth0
    }
}
protocols {
    nhrp {
        tunnel tun0 {
            authentication sesame
            holdtime 300
            map {
                tunnel-ip 10.0.0.9 {
                    nbma 192.0.2.9
                }
            }
            multicast nhs
            network-id 7
            nhs {
                tunnel-ip dynamic {
                    nbma 192.0.2.2
                    nbma 192.0.2.3
                }
            }
            redirect {
            }
            registration-no-unique
            shortcut
        }
    }
    static {
        route 0.0.0.0/0 {
            next-hop 192.0.2.254 {
            }
        }
    }
}
system {
    host-name hub1
    login {
        user vyos {
            authentication {
                encrypted-password "$6$secret"
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
                encryption aes128
                hash sha1
            }
        }
        ike-group IKE {
            key-exchange ikev1
            close-action none
            dead-peer-detection {
                action clear
                interval 15
                timeout 60
            }
            proposal 1 {
                dh-group 2
                encryption aes256
                hash sha1
            }
        }
        interface eth0
        profile DMVPN {
            authentication {
                mode pre-shared-secret
                pre-shared-secret "open!sesame"
            }
            bind {
                tunnel tun0
            }
            esp-group ESP
            ike-group IKE
        }
    }
}
/* Warning: Do not remove the following line. */
/* === vyatta-config-version: "bgp@3" === */
