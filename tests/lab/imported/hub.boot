interfaces {
    ethernet eth0 {
        address 192.0.2.2/30
        description "to the internet"
    }
    ethernet eth1 {
        address 10.1.0.1/24
    }
    tunnel tun100 {
        address 10.255.0.1/24
        encapsulation gre
        multicast enable
        parameters {
            ip {
                key 42
            }
        }
        source-address 192.0.2.2
    }
}
protocols {
    nhrp {
        tunnel tun100 {
            cisco-authentication weide
            holding-time 30
            multicast dynamic
            redirect
            shortcut
        }
    }
    static {
        route 0.0.0.0/0 {
            next-hop 192.0.2.1 {
            }
        }
        route 10.1.1.0/24 {
            next-hop 10.255.0.11 {
            }
        }
        route 10.1.2.0/24 {
            next-hop 10.255.0.12 {
            }
        }
    }
}
system {
    host-name hub
}
