package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store"
)

func (c *cli) hostCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "host", Short: "Keep the inventory: list, show, add, edit, remove, accept-key",
		Long: "The inventory is the list of hosts the shop patches. Nothing here touches a host,\nexcept accept-key, which looks at the key it shows.",
	}
	return c.branch(cmd, c.hostList(), c.hostShow(), c.hostAdd(), c.hostEdit(), c.hostRemove(), c.hostAcceptKey(), c.hostCheck(), c.groupCommand())
}

func (c *cli) hostList() *cobra.Command {
	var groups []string
	cmd := &cobra.Command{
		Use: "list", Short: "List the hosts", Args: nothing,
		Example: "  stctl host list --group Web",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			ids, err := inv.groupIDs(groups)
			if err != nil {
				return err
			}
			list := []hostJSON{}
			var rows [][]any
			for _, h := range inv.hosts {
				if len(groups) > 0 && !slices.Contains(ids, h.Group) {
					continue
				}
				j := inv.hostJSON(h)
				list = append(list, j)
				rows = append(rows, []any{h.Name, h.Where(), byText(h), dash(j.Group), dash(h.Technology), h.Exposure, dash(string(h.Criticality)), ringText(h.Ring), dash(h.Owner)})
			}
			return c.out.show(list, func(p *page) {
				if len(rows) == 0 {
					p.line("There are no hosts yet. %s", howToAdd)
					return
				}
				p.table("host|reached at|by|group|technology|exposure|criticality|ring|owner", rows)
			})
		},
	}
	cmd.Flags().StringSliceVar(&groups, "group", nil, "only the hosts of this `GROUP`")
	return cmd
}

func ringText(ring int) string {
	if ring == 0 {
		return "last"
	}
	return fmt.Sprint(ring)
}

// hostShowJSON is a host with what its last scan told.
type hostShowJSON struct {
	hostJSON
	Verdict verdictJSON  `json:"verdict"`
	Scan    *scanJSON    `json:"scan,omitempty"`
	Failure *failJSON    `json:"last_failure,omitempty"`
	History *historyJSON `json:"windows_history,omitempty"`

	Certificate *data.Certificate `json:"certificate,omitempty"` // what the host showed at that scan
}

func (c *cli) hostShow() *cobra.Command {
	return &cobra.Command{
		Use: "show HOST", Short: "Show all that is known of one host", Args: wants(1, 1, "the name of a host"),
		Example: "  stctl host show web1",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			s, err := readStanding(cmd.Context(), d, inv, args[0])
			if err != nil {
				return err
			}
			j := hostShowJSON{hostJSON: inv.hostJSON(s.host), Verdict: asVerdictJSON(s.verdict, d.Now()), Scan: asScanJSON(s.scan), Failure: s.failure, History: asHistoryJSON(s.background), Certificate: asCertificateJSON(s.background.Certificate)}
			return c.out.show(j, func(p *page) {
				h := s.host
				p.title("Host %s", h.Name)
				p.facts("reached at", h.Where(), "by", string(h.Reach), "through", h.Jump, "key file", h.IdentityFile, "login", loginText(h), "root by", sudoText(h),
					"group", inv.groupName(h.Group), "ring", ringText(h.Ring), "technology", h.Technology, "exposure", string(h.Exposure),
					"criticality", string(h.Criticality), "environment", string(h.Environment), "business unit", h.BusinessUnit,
					"owner", h.Owner, "admin", h.Admin, "notes", h.Notes)
				s.print(p, d.Now())
				printCertificate(p, s.background.Certificate, d.Now())
				s.printHistory(p)
			})
		},
	}
}

// asCertificateJSON is nil for hosts that showed none.
func asCertificateJSON(c data.Certificate) *data.Certificate {
	if c.Fingerprint == "" {
		return nil
	}
	c.Subject, c.Issuer = clean(c.Subject), clean(c.Issuer)
	return &c
}

func printCertificate(p *page, c data.Certificate, now time.Time) {
	if c.Fingerprint == "" {
		return
	}
	end, _ := app.CertificateEnd(c, now)
	p.title("Certificate, as shown at that scan")
	p.facts("for", app.CertificateText(c), "valid", end, "vouched for by", c.By, "fingerprint", c.Fingerprint)
}

// sudoText says how a host is made to obey; "" of Windows, which knows no such way.
func sudoText(h data.Host) string {
	switch {
	case h.Windows():
		return ""
	case h.Sudo == data.SudoAuto:
		return "whatever works"
	}
	return string(h.Sudo)
}

// loginText says how a host is logged in to over WinRM; "" of another one.
func loginText(h data.Host) string {
	if h.Reach != data.ReachWinRM {
		return ""
	}
	return h.Auth.Login().Word
}

// byText is the way to a host in few words: "ssh", or "winrm, ntlm".
func byText(h data.Host) string {
	if login := loginText(h); login != "" {
		return string(h.Reach) + ", " + login
	}
	return string(h.Reach)
}

// hostFlags are the properties of a host as flags.
type hostFlags struct {
	h                                               data.Host
	reach, auth, sudo, criticality, exposure, place string
	group                                           string
}

func (f *hostFlags) register(cmd *cobra.Command) {
	s := cmd.Flags()
	s.StringVar(&f.h.Address, "address", "", "DNS name or IP `ADDRESS` (default: the host's name)")
	s.IntVar(&f.h.Port, "port", 0, "`PORT` (default: what ~/.ssh/config says, else 22; for Windows 5986, or 5985 over HTTP)")
	s.StringVar(&f.h.User, "user", "", "login `NAME` (default: what ~/.ssh/config says, else yours); for Windows, which wants one, DOMAIN\\name or name@realm, in quotes")
	s.StringVar(&f.h.Jump, "jump", "", "jump `HOST`, as ProxyJump writes it")
	s.StringVar(&f.h.IdentityFile, "identity-file", "", "private key `FILE` (default: agent and ~/.ssh/config), or keytab for kerberos")
	s.StringVar(&f.reach, "reach", "", "ssh, winrm for Windows, or local for this computer (default: ssh)")
	s.StringVar(&f.auth, "auth", "", "login over winrm: ntlm, kerberos, basic (all over HTTPS), or \"sealed over http\" (default: ntlm)")
	s.StringVar(&f.sudo, "sudo", "", "how to become root: auto, never or password (default: auto)")
	s.StringVar(&f.exposure, "exposure", "", "who can reach it: internet (a DMZ too), internal or air-gapped (required: only you know)")
	s.StringVar(&f.criticality, "criticality", "", "how much it is missed: low, medium, high or critical")
	s.StringVar(&f.place, "environment", "", "where it stands: on premises, remote or cloud")
	s.StringVar(&f.h.Technology, "technology", "", "its line in the standard, such as Debian (default: found by the first scan)")
	s.StringVar(&f.h.BusinessUnit, "business-unit", "", "the business `UNIT` it serves")
	s.StringVar(&f.h.Owner, "owner", "", "who answers for it in the business")
	s.StringVar(&f.h.Admin, "admin", "", "who patches it")
	s.IntVar(&f.h.Ring, "ring", 0, "1 goes first, 0 means last")
	s.StringVar(&f.group, "group", "", "its `GROUP`; hosts of a group share windows")
	s.StringVar(&f.h.Notes, "notes", "", "anything else")
}

// edit returns what the given flags change about a host.
func (f *hostFlags) edit(cmd *cobra.Command, inv *inventory) (func(*data.Host), error) {
	var edits []func(*data.Host)
	words := &wordFlags{cmd: cmd}
	on := func(flag string, e func(*data.Host)) {
		if cmd.Flags().Changed(flag) {
			edits = append(edits, e)
		}
	}
	on("address", func(h *data.Host) { h.Address = f.h.Address })
	on("port", func(h *data.Host) { h.Port = f.h.Port })
	on("user", func(h *data.Host) { h.User = f.h.User })
	on("jump", func(h *data.Host) { h.Jump = f.h.Jump })
	on("identity-file", func(h *data.Host) { h.IdentityFile = f.h.IdentityFile })
	on("technology", func(h *data.Host) { h.Technology = f.h.Technology })
	on("business-unit", func(h *data.Host) { h.BusinessUnit = f.h.BusinessUnit })
	on("owner", func(h *data.Host) { h.Owner = f.h.Owner })
	on("admin", func(h *data.Host) { h.Admin = f.h.Admin })
	on("ring", func(h *data.Host) { h.Ring = f.h.Ring })
	on("notes", func(h *data.Host) { h.Notes = f.h.Notes })
	word(words, "reach", f.reach, data.Reaches, func(v data.Reach) { on("reach", func(h *data.Host) { h.Reach = v }) })
	word(words, "auth", f.auth, append(data.LoginWords(), ""), func(v string) {
		on("auth", func(h *data.Host) { h.Auth = data.LoginOf(v).Auth })
	})
	sudo := f.sudo
	if strings.EqualFold(sudo, "auto") {
		sudo = ""
	}
	word(words, "sudo", sudo, data.Sudos, func(v data.Sudo) { on("sudo", func(h *data.Host) { h.Sudo = v }) })
	if cmd.Flags().Changed("exposure") {
		e, err := exposureOf(f.exposure)
		if err != nil {
			return nil, err
		}
		on("exposure", func(h *data.Host) { h.Exposure = e })
	}
	word(words, "criticality", f.criticality, data.Criticalities, func(v data.Criticality) { on("criticality", func(h *data.Host) { h.Criticality = v }) })
	word(words, "environment", f.place, data.Environments, func(v data.Environment) { on("environment", func(h *data.Host) { h.Environment = v }) })
	if cmd.Flags().Changed("group") {
		var id data.GroupID
		if f.group != "" {
			g, err := inv.group(f.group)
			if err != nil {
				return nil, err
			}
			id = g.ID
		}
		on("group", func(h *data.Host) { h.Group = id })
	}
	if words.err != nil {
		return nil, words.err
	}
	return func(h *data.Host) {
		for _, e := range edits {
			e(h)
		}
	}, nil
}

// wordFlags reads flags that take one of several words, and keeps the first
// that makes no sense.
type wordFlags struct {
	cmd *cobra.Command
	err error
}

// word uses the value of a flag, if the flag was given.
func word[T ~string](w *wordFlags, flag, value string, allowed []T, use func(T)) {
	if w.err != nil || !w.cmd.Flags().Changed(flag) {
		return
	}
	v, err := oneOf("--"+flag, value, allowed)
	if err != nil {
		w.err = err
		return
	}
	use(v)
}

func (c *cli) hostAdd() *cobra.Command {
	f := &hostFlags{}
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Add a host to the inventory", Args: wants(1, 1, "the name of the host"),
		Long: "Add a host to the inventory. Nothing is sent to it.\n\nExposure must be said, because deadlines depend on it and only you know it.\nWhat ~/.ssh/config says of the name or address holds here too.",
		Example: `  stctl host add web1 --address 192.0.2.10 --user ops --exposure internet --group Web
  stctl host add win1 --reach winrm --address win1.example.test --user 'CORP\patching' --exposure internal
  stctl host add desk --reach local --exposure internal`,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			edit, err := f.edit(cmd, inv)
			if err != nil {
				return err
			}
			h := data.Host{Name: args[0], Reach: data.ReachSSH}
			edit(&h)
			if err := h.Validate(); err != nil && !errors.Is(err, data.ErrNoExposure) {
				return usagef("%w", err)
			}
			if f.auth != "" && h.Reach != data.ReachWinRM {
				return usagef("--auth is for Windows hosts: give --reach winrm as well")
			}
			if old, err := inv.host(h.Name); err == nil {
				return &refusal{"Name is taken", fmt.Sprintf("host %q is in the inventory already", old.Name),
					fmt.Sprintf("\"stctl host edit %s\" changes it, \"stctl host show %s\" shows it. Another host needs another name.", old.Name, old.Name)}
			}
			id, err := d.AddHost(cmd.Context(), h)
			if err != nil {
				return err
			}
			if h.Reach == data.ReachWinRM && h.IdentityFile == "" {
				return c.out.done(done("host added", id), "Host %[1]s is in the inventory. Keep its password (stctl secret set login %[1]s), then look at the way to it, step by step: stctl doctor %[1]s", h.Name)
			}
			return c.out.done(done("host added", id), "Host %s is in the inventory. It is unknown until it is scanned: stctl scan %s", h.Name, h.Name)
		},
	}
	f.register(cmd)
	return cmd
}

func (c *cli) hostEdit() *cobra.Command {
	f, name := &hostFlags{}, ""
	cmd := &cobra.Command{
		Use: "edit HOST…", Short: "Change hosts, several at once", Args: wants(1, -1, "the names of hosts"),
		Long:    "Change what the inventory says of hosts. Only the flags given are changed; an\nempty value clears. All hosts are changed or none.",
		Example: "  stctl host edit web1 web2 --group Web --owner \"Petra Lang\"\n  stctl host edit web1 --name www1",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			ids, err := (&choice{}).resolve(inv, args)
			if err != nil {
				return err
			}
			edit, err := f.edit(cmd, inv)
			switch {
			case err != nil:
				return err
			case cmd.Flags().NFlag() == 0 || !anyOwnFlag(cmd):
				return usagef("say what to change, such as --group Web")
			case name != "" && len(ids) > 1:
				return usagef("--name fits one host only")
			}
			change := func(h *data.Host) {
				edit(h)
				if name != "" {
					h.Name = name
				}
			}
			for _, h := range inv.hosts {
				if !slices.Contains(ids, h.ID) {
					continue
				}
				if change(&h); h.Exposure != data.ExposureUnset {
					if err := h.Validate(); err != nil {
						return usagef("%w", err)
					}
				}
			}
			err = d.EditHosts(cmd.Context(), ids, change)
			if err != nil {
				return err
			}
			return c.out.done(done("host changed", ids...), "%s changed.", count(len(ids), "host"))
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&name, "name", "", "the host's new `NAME`")
	return cmd
}

// anyOwnFlag reports whether a flag of the command itself was given.
func anyOwnFlag(cmd *cobra.Command) bool {
	own := false
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { own = own || f.Changed })
	return own
}

func (c *cli) hostRemove() *cobra.Command {
	reason := ""
	cmd := &cobra.Command{
		Use: "remove HOST…", Short: "Remove hosts with their scans and history", Args: wants(1, -1, "the names of hosts"),
		Long:    "Remove hosts from the inventory. Their scans, history and exceptions go with\nthem; the audit trail and what rollouts did stay. Nothing is done on the hosts.\nA host in an open rollout is not removed.",
		Example: "  stctl host remove old1 --reason \"switched off, ticket 4711\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return usagef("say why with --reason: the history of a host goes with it")
			}
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			ids, err := (&choice{}).resolve(inv, args)
			if err != nil {
				return err
			}
			var names []string
			for _, id := range ids {
				h, err := d.DB.Host(cmd.Context(), id)
				if err != nil {
					return err
				}
				names = append(names, h.Name)
			}
			if _, err := d.RemoveHosts(cmd.Context(), ids, reason); err != nil {
				return err
			}
			c.sayKept(cmd.Context(), names)
			return c.out.done(done("host removed", ids...), "%s removed.", count(len(ids), "host"))
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why (required; goes into the audit trail)")
	return cmd
}

// sayKept tells which passwords of removed hosts are still kept.
func (c *cli) sayKept(ctx context.Context, names []string) {
	if c.office.Secrets == nil {
		return
	}
	for _, name := range names {
		kept, err := app.KeptFor(ctx, c.office.Secrets, name)
		if err != nil {
			c.out.note("It is not known whether a password of %s is still kept: %v", name, err)
		}
		for _, k := range kept {
			c.out.note("The %s password of %s is still kept. To forget it: stctl secret delete %s %s", k.Kind, name, k.Kind, name)
		}
	}
}

// duplicateJSON is a set of hosts that look like one.
type duplicateJSON struct {
	Hosts   []string `json:"hosts"`
	Because string   `json:"because"`
}

func (c *cli) hostCheck() *cobra.Command {
	return &cobra.Command{
		Use: "duplicates", Short: "Find hosts that look like one and the same", Args: nothing,
		Example: "  stctl host duplicates",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			scans, err := d.DB.LatestScans(cmd.Context())
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			found := []duplicateJSON{}
			for _, dup := range app.Duplicates(inv.hosts, scans) {
				j := duplicateJSON{Because: clean(dup.Because)}
				for _, id := range dup.Hosts {
					j.Hosts = append(j.Hosts, inv.hostName(id))
				}
				found = append(found, j)
			}
			return c.out.show(found, func(p *page) {
				if len(found) == 0 {
					p.line("No two hosts look like one.")
				}
				for _, f := range found {
					p.line("%s", f.Because)
				}
			})
		},
	}
}
