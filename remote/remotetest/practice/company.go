package practice

import (
	"time"

	"secondtuesday/data"
)

// A definition is what makes one host of the shop what it is.
type definition struct {
	Name        string
	Group       string
	Unit        string
	Owner       string
	Criticality data.Criticality
	Exposure    data.Exposure
	Environment data.Environment
	Ring        int
	Notes       string

	OS          OS
	Sudo        string
	Sets        []string
	Services    []string
	UpDays      int
	ListAge     int // hours since the lists were fetched
	PatchedDays int // updates older than this are in
	DeadRepo    string
	Free        int64
	Slow        float64
	Key         string // "", "unknown", "changed"
	Held        []string
	Extra       []Repo
	BootTime    time.Duration
}

func (d definition) aptBased() bool { return d.OS.Platform == data.APT }

// systemd: Alpine's OpenRC is not played; nothing runs its services.
func (d definition) systemd() bool { return d.OS.Platform != data.APK }

// classless: neither pacman nor apk says why an update came out, or which services run old files.
func (d definition) classless() bool { return d.oneKernel() }

// oneKernel: a new kernel takes the place of the old one, also under the running system.
func (d definition) oneKernel() bool {
	return d.OS.Platform == data.APK || d.OS.Platform == data.Pacman
}

func (d definition) rebootTime() time.Duration {
	if d.BootTime > 0 {
		return d.BootTime
	}
	return 6 * time.Second
}

var (
	debian12 = OS{ID: "debian", Version: "12", Name: "Debian GNU/Linux 12 (bookworm)", Codename: "bookworm", Platform: data.APT,
		Kernel: "6.1.0-38-amd64", KernelVersion: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.147-1 (2025-08-02)",
		Base:     Repo{ID: "base", Origin: "Debian:12.12/oldstable", URL: "http://deb.example.test/debian"},
		Updates:  Repo{ID: "upd", Origin: "Debian:12-updates/oldstable-updates", URL: "http://deb.example.test/debian"},
		Security: Repo{ID: "sec", Origin: "Debian-Security:12/oldstable-security", URL: "http://security.example.test/debian-security"}}
	debian13 = OS{ID: "debian", Version: "13", Name: "Debian GNU/Linux 13 (trixie)", Codename: "trixie", Platform: data.APT,
		Kernel: "6.12.48+deb13-amd64", KernelVersion: "#1 SMP PREEMPT_DYNAMIC Debian 6.12.48-1 (2025-09-20)",
		Base:     Repo{ID: "base", Origin: "Debian:13.2/stable", URL: "http://deb.example.test/debian"},
		Updates:  Repo{ID: "upd", Origin: "Debian:13-updates/stable-updates", URL: "http://deb.example.test/debian"},
		Security: Repo{ID: "sec", Origin: "Debian-Security:13/stable-security", URL: "http://security.example.test/debian-security"}}
	ubuntu = OS{ID: "ubuntu", Like: "debian", Version: "24.04", Name: "Ubuntu 24.04.3 LTS", Codename: "noble", Platform: data.APT,
		Kernel: "6.8.0-84-generic", KernelVersion: "#84-Ubuntu SMP PREEMPT_DYNAMIC Fri Sep  5 22:36:38 UTC 2025",
		Base:     Repo{ID: "base", Origin: "Ubuntu:24.04/noble", URL: "http://archive.example.test/ubuntu"},
		Updates:  Repo{ID: "upd", Origin: "Ubuntu:24.04/noble-updates", URL: "http://archive.example.test/ubuntu"},
		Security: Repo{ID: "sec", Origin: "Ubuntu:24.04/noble-security", URL: "http://security.example.test/ubuntu"}}
	alma = OS{ID: "almalinux", Like: "rhel centos fedora", Version: "9.6", Name: "AlmaLinux 9.6 (Sage Margay)", Platform: data.DNF,
		Kernel: "5.14.0-570.39.1.el9_6.x86_64", KernelVersion: "#1 SMP PREEMPT_DYNAMIC Thu Sep 4 05:08:52 EDT 2025",
		Base:    Repo{ID: "baseos", Name: "AlmaLinux 9 - BaseOS", URL: "https://repo.example.test/almalinux/9/BaseOS"},
		Updates: Repo{ID: "appstream", Name: "AlmaLinux 9 - AppStream", URL: "https://repo.example.test/almalinux/9/AppStream"}}
	leap = OS{ID: "opensuse-leap", Like: "suse opensuse", Version: "15.6", Name: "openSUSE Leap 15.6", Platform: data.Zypper,
		Kernel: "6.4.0-150600.23.65-default", KernelVersion: "#1 SMP PREEMPT_DYNAMIC Tue Jul 22 11:54:50 UTC 2025 (b4ff33d)",
		Base:    Repo{ID: "repo-oss", Name: "Main Repository", URL: "http://download.example.test/distribution/leap/15.6/repo/oss/"},
		Updates: Repo{ID: "updates", Name: "Update repository of openSUSE Leap 15.6", URL: "http://download.example.test/update/leap/15.6/sle/"}}
	arch = OS{ID: "arch", Name: "Arch Linux", Platform: data.Pacman,
		Kernel: "6.17.1-arch1-1", KernelVersion: "#1 SMP PREEMPT_DYNAMIC Mon, 06 Oct 2025 18:48:29 +0000",
		Base:    Repo{ID: "core", URL: "https://repo.example.test/arch/core/os/x86_64"},
		Updates: Repo{ID: "extra", URL: "https://repo.example.test/arch/extra/os/x86_64"}}
	alpine = OS{ID: "alpine", Version: "3.22.2", Name: "Alpine Linux v3.22", Platform: data.APK,
		Kernel: "6.12.44-0-lts", KernelVersion: "#1-Alpine SMP PREEMPT_DYNAMIC 2025-08-28 15:21:07",
		Base: Repo{ID: "main", URL: "https://repo.example.test/alpine/v3.22/main"}}
)

// company returns the hosts of the shop: a small trading company with an
// office in Munich and a warehouse in Lisbon.
func company() []definition {
	return []definition{
		{Name: "web1", Group: "Web", Unit: "Online shop", Owner: "Petra Lang", Criticality: data.CriticalityHigh, Exposure: data.Internet, Environment: data.Cloud, Ring: 2,
			OS: debian12, Sudo: "nopasswd", Sets: []string{"web"}, Services: []string{"nginx.service", "php8.2-fpm.service"}, UpDays: 61, ListAge: 5, PatchedDays: 40,
			Notes: "Behind the load balancer with web2; one at a time."},
		{Name: "web2", Group: "Web", Unit: "Online shop", Owner: "Petra Lang", Criticality: data.CriticalityHigh, Exposure: data.Internet, Environment: data.Cloud, Ring: 3,
			OS: debian13, Sudo: "nopasswd", Sets: []string{"web"}, Services: []string{"nginx.service"}, UpDays: 20, ListAge: 5, PatchedDays: 20},
		{Name: "db1", Group: "Databases", Unit: "Online shop", Owner: "Petra Lang", Criticality: data.CriticalityCritical, Exposure: data.Internal, Environment: data.OnPremises, Ring: 3,
			OS: debian12, Sudo: "nopasswd", Sets: []string{"db"}, Services: []string{"corosync.service", "pacemaker.service", "postgresql.service"}, UpDays: 118, ListAge: 9,
			Held: []string{"postgresql-15"}, Notes: "Cluster node with db2. PostgreSQL is held: the vendor of the shop software has not cleared the new version."},
		{Name: "db2", Group: "Databases", Unit: "Online shop", Owner: "Petra Lang", Criticality: data.CriticalityCritical, Exposure: data.Internal, Environment: data.OnPremises, Ring: 2,
			OS: debian13, Sudo: "nopasswd", Sets: []string{"db"}, Services: []string{"corosync.service", "pacemaker.service", "postgresql.service"}, UpDays: 33, ListAge: 9, PatchedDays: 30,
			Notes: "Cluster node with db1."},
		{Name: "mail", Group: "Office", Unit: "Administration", Owner: "Jonas Weber", Criticality: data.CriticalityHigh, Exposure: data.Internet, Environment: data.OnPremises, Ring: 2,
			OS: debian12, Sudo: "nopasswd", Sets: []string{"mail"}, Services: []string{"clamav-daemon.service", "dovecot.service", "postfix.service"}, UpDays: 90, ListAge: 6, PatchedDays: 30,
			Notes: "Practice: the script of roundcube-core fails."},
		{Name: "files", Group: "Office", Unit: "Administration", Owner: "Jonas Weber", Criticality: data.CriticalityHigh, Exposure: data.Internal, Environment: data.OnPremises, Ring: 2,
			OS: debian12, Sudo: "nopasswd", Sets: []string{"files"}, Services: []string{"nmbd.service", "smbd.service"}, UpDays: 75, ListAge: 7, PatchedDays: 45, Key: "changed",
			Notes: "Practice: its host key is another than the one on record."},
		{Name: "dns1", Group: "Infrastructure", Unit: "IT", Owner: "Carla Sousa", Criticality: data.CriticalityCritical, Exposure: data.Internal, Environment: data.OnPremises, Ring: 1,
			OS: debian12, Sudo: "password", Sets: []string{"dns"}, Services: []string{"named.service"}, UpDays: 51, ListAge: 4, PatchedDays: 30,
			Notes: "Practice: sudo asks for a password, which is \"practice\"."},
		{Name: "build", Group: "Infrastructure", Unit: "IT", Owner: "Carla Sousa", Criticality: data.CriticalityLow, Exposure: data.Internal, Environment: data.OnPremises, Ring: 1,
			OS: debian13, Sudo: "nopasswd", Sets: []string{"build"}, Services: []string{"docker.service"}, UpDays: 12, ListAge: 8, PatchedDays: 20, Free: 3 << 20,
			Notes: "Practice: its disk is full."},
		{Name: "vpn", Group: "Infrastructure", Unit: "IT", Owner: "Carla Sousa", Criticality: data.CriticalityCritical, Exposure: data.Internet, Environment: data.OnPremises, Ring: 1,
			OS: ubuntu, Sudo: "nopasswd", Sets: []string{"vpn"}, Services: []string{"strongswan-starter.service"}, UpDays: 44, ListAge: 3, PatchedDays: 30},
		{Name: "erp", Group: "Finance", Unit: "Finance", Owner: "Miguel Torres", Criticality: data.CriticalityCritical, Exposure: data.Internal, Environment: data.OnPremises, Ring: 3,
			OS: ubuntu, Sudo: "nopasswd", Sets: []string{"erp"}, Services: []string{"postgresql.service", "tomcat10.service"}, UpDays: 132, ListAge: 3, Slow: 4, BootTime: 12 * time.Second,
			Notes: "Practice: slow."},
		{Name: "lab-alma", Group: "Laboratory", Unit: "Research", Owner: "Ines Duarte", Criticality: data.CriticalityMedium, Exposure: data.AirGapped, Environment: data.RemoteSite, Ring: 1,
			OS: alma, Sudo: "nopasswd", Sets: []string{"lab"}, Services: []string{"httpd.service"}, UpDays: 39, ListAge: 20, PatchedDays: 50, Key: "unknown",
			Notes: "Practice: nobody has vouched for its host key yet."},
		{Name: "suse-files", Group: "Warehouse", Unit: "Logistics", Owner: "Ana Ribeiro", Criticality: data.CriticalityMedium, Exposure: data.Internal, Environment: data.RemoteSite, Ring: 2,
			OS: leap, Sudo: "nopasswd", Sets: []string{"files"}, Services: []string{"nfs-server.service", "smb.service"}, UpDays: 57, ListAge: 30, PatchedDays: 48},
		{Name: "print", Group: "Warehouse", Unit: "Logistics", Owner: "Ana Ribeiro", Criticality: data.CriticalityLow, Exposure: data.Internal, Environment: data.RemoteSite, Ring: 1,
			OS: debian12, Sudo: "nopasswd", UpDays: 203, ListAge: 2, DeadRepo: "sec",
			Notes: "Practice: its security repository no longer answers, so what it lacks is unknown."},
		{Name: "lab-plots", Group: "Laboratory", Unit: "Research", Owner: "Ines Duarte", Criticality: data.CriticalityLow, Exposure: data.Internal, Environment: data.OnPremises, Ring: 1,
			OS: arch, Sudo: "nopasswd", Sets: []string{"plots"}, UpDays: 26, ListAge: 6, PatchedDays: 26,
			Notes: "Arch knows no partial upgrades: plan all of it or nothing."},
		{Name: "proxy", Group: "Warehouse", Unit: "Logistics", Owner: "Ana Ribeiro", Criticality: data.CriticalityMedium, Exposure: data.Internet, Environment: data.RemoteSite, Ring: 2,
			OS: alpine, Sudo: "nopasswd", Sets: []string{"proxy"}, UpDays: 43, ListAge: 4, PatchedDays: 38},
	}
}
