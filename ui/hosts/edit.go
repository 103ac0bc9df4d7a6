package hosts

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// A hostForm is all that can be said of one host.
type hostForm struct {
	groups []data.Group

	name, address, user, port, jump          *kit.Entry
	identity, keytab                         *kit.Entry // one field of a host: of SSH, of Kerberos
	reach, sudo                              *kit.Segmented
	auth, exposure, criticality, environment *kit.Select
	group, ring                              *kit.Select
	technology, unit, owner, admin           *kit.Entry
	notes                                    *kit.Entry

	jumpField, authField, sudoField, keyField, keytabField *kit.Field // shown where they have a meaning

	left, right *kit.Form
	object      fyne.CanvasObject
}

func newHostForm(h data.Host, groups []data.Group) *hostForm {
	f := &hostForm{groups: groups}
	f.name = kit.NewEntry("web1").With(h.Name)
	f.address = kit.NewEntry("name or IP, if it differs").With(h.Address)
	f.user = kit.NewEntry("as OpenSSH says").With(h.User)
	f.port = kit.NewEntry("as OpenSSH says, else 22")
	if h.Port != 0 {
		f.port.SetText(strconv.Itoa(h.Port))
	}
	f.jump = kit.NewEntry("admin@bastion:22").With(h.Jump)
	f.identity = kit.NewEntry("agent, or as OpenSSH says")
	f.keytab = kit.NewEntry("none: the stored password logs in")
	if h.Reach == data.ReachWinRM {
		f.keytab.SetText(h.IdentityFile)
	} else {
		f.identity.SetText(h.IdentityFile)
	}
	f.reach = kit.NewSegmented(reaches.all(), reaches.word(h.Reach), func(string) { f.onlyWhatCounts() })
	f.auth = kit.NewSelect(loginTexts(), h.Auth.Login().Text, "", func(string) { f.onlyWhatCounts() })
	f.sudo = kit.NewSegmented(sudos.all(), sudos.word(h.Sudo), nil)
	f.exposure = kit.NewSelect(options(data.Exposures), string(h.Exposure), "Who can reach it?", nil)
	f.criticality = kit.NewSelect(options(data.Criticalities), wordOf(h.Criticality), "", nil)
	f.environment = kit.NewSelect(options(data.Environments), wordOf(h.Environment), "", nil)
	f.group = kit.NewSelect(groupNames(groups), groupName(groups, h.Group), "", nil)
	f.ring = kit.NewSelect(rings(), ringWord(h.Ring), "", nil)
	f.technology = kit.NewEntry("found by the first scan").With(h.Technology)
	f.unit = kit.NewEntry("Online shop").With(h.BusinessUnit)
	f.owner = kit.NewEntry("who agrees windows").With(h.Owner)
	f.admin = kit.NewEntry("who patches it").With(h.Admin)
	f.notes = kit.NewMultiLine("", 2).With(h.Notes)
	f.build()
	return f
}

func (f *hostForm) build() {
	f.jumpField = &kit.Field{Label: "Jump host", Input: f.jump}
	f.authField = &kit.Field{Label: "Login", Input: f.auth}
	f.keyField = &kit.Field{Label: "Key file", Input: f.identity}
	f.keytabField = &kit.Field{Label: "Keytab", Input: f.keytab}
	f.sudoField = &kit.Field{Label: "Sudo", Input: container.NewHBox(f.sudo)}
	f.left = kit.NewForm(
		&kit.Field{Label: "Name", Must: true, Input: f.name, Check: kit.Required(f.name, "Give the host a name.")},
		&kit.Field{Label: "Reached by", Input: container.NewHBox(f.reach)},
		&kit.Field{Label: "Address", Input: f.address},
		&kit.Field{Label: "User", Input: f.user, Check: f.checkUser},
		&kit.Field{Label: "Port", Input: f.port, Check: f.checkPort},
		f.jumpField,
		f.keyField,
		f.authField,
		f.keytabField,
		f.sudoField,
		&kit.Field{Label: "Notes", Input: f.notes},
	)
	f.right = kit.NewForm(
		&kit.Field{Label: "Exposure", Must: true, Input: f.exposure, Check: func() error {
			if f.exposure.Chosen() == "" {
				return errors.New("Say who can reach it: only you know.")
			}
			return nil
		}},
		&kit.Field{Label: "Criticality", Input: f.criticality},
		&kit.Field{Label: "Environment", Input: f.environment},
		&kit.Field{Label: "Technology", Input: f.technology},
		&kit.Field{Label: "Group", Input: f.group},
		&kit.Field{Label: "Ring", Input: f.ring},
		&kit.Field{Label: "Business unit", Input: f.unit},
		&kit.Field{Label: "Owner", Input: f.owner},
		&kit.Field{Label: "Admin", Input: f.admin},
	)
	f.object = container.NewGridWithColumns(2, kit.Pad(f.left, 0, 0, 0, 10), kit.Pad(f.right, 0, 0, 10, 0))
	f.onlyWhatCounts()
}

// onlyWhatCounts shows what has a meaning for the way chosen.
func (f *hostForm) onlyWhatCounts() {
	way, login := f.reach.Chosen(), data.LoginOf(f.auth.Chosen())
	set := func(counts bool, inputs ...*kit.Entry) {
		for _, in := range inputs {
			if counts {
				in.Enable()
			} else {
				in.Disable()
			}
		}
	}
	set(way != wordLocal, f.address, f.user, f.port, f.identity)
	f.jumpField.SetShown(way == wordSSH)
	f.authField.SetShown(way == wordWinRM)
	f.sudoField.SetShown(way != wordWinRM)
	f.keyField.SetShown(way != wordWinRM)
	f.keytabField.SetShown(way == wordWinRM && login.Keytab)
	user, port := "as OpenSSH says", "as OpenSSH says, else 22"
	if way == wordWinRM {
		user, port = `DOMAIN\name, or name`, "5986, or 5985 over HTTP"
		if login.Realm {
			user = "name@REALM"
		}
	}
	f.user.SetPlaceHolder(user)
	f.port.SetPlaceHolder(port)
	f.left.Refresh()
}

func (f *hostForm) checkUser() error {
	if f.reach.Chosen() == wordWinRM && f.user.Trimmed() == "" {
		return errors.New("Windows wants a user: name one.")
	}
	return nil
}

func (f *hostForm) checkPort() error {
	if f.port.Trimmed() == "" {
		return nil
	}
	if n, err := strconv.Atoi(f.port.Trimmed()); err != nil || n < 1 || n > 65535 {
		return errors.New("A port is a number from 1 to 65535.")
	}
	return nil
}

func (f *hostForm) valid() bool {
	left := f.left.Valid()
	return f.right.Valid() && left
}

// fill puts what was entered into h; what the form does not show stays.
func (f *hostForm) fill(h *data.Host) {
	h.Name, h.Reach, h.Sudo, h.Auth = f.name.Trimmed(), reaches.of(f.reach.Chosen()), sudos.of(f.sudo.Chosen()), data.LoginOf(f.auth.Chosen()).Auth
	if h.Reach != data.ReachLocal {
		h.Address, h.User, h.Jump, h.IdentityFile = f.address.Trimmed(), f.user.Trimmed(), f.jump.Trimmed(), f.identity.Trimmed()
		if h.Reach == data.ReachWinRM {
			h.IdentityFile = f.keytab.Trimmed()
		}
		h.Port, _ = strconv.Atoi(f.port.Trimmed()) // checked by checkPort; empty is 0
	}
	h.Exposure = data.Exposure(f.exposure.Chosen())
	h.Criticality = valueOf[data.Criticality](f.criticality.Chosen())
	h.Environment = valueOf[data.Environment](f.environment.Chosen())
	h.Group, h.Ring = groupID(f.groups, f.group.Chosen()), ringNumber(f.ring.Chosen())
	h.Technology, h.BusinessUnit = f.technology.Trimmed(), f.unit.Trimmed()
	h.Owner, h.Admin, h.Notes = f.owner.Trimmed(), f.admin.Trimmed(), f.notes.Text
}

func groupNames(groups []data.Group) []string {
	out := []string{notSet}
	for _, g := range groups {
		out = append(out, g.Name)
	}
	return out
}

func groupName(groups []data.Group, id data.GroupID) string {
	for _, g := range groups {
		if g.ID == id {
			return g.Name
		}
	}
	return notSet
}

func groupID(groups []data.Group, name string) data.GroupID {
	for _, g := range groups {
		if g.Name == name {
			return g.ID
		}
	}
	return 0
}

// mustText explains the mark.
const mustText = "What is marked * must be filled in. Ctrl+Enter saves."

// add asks for a new host.
func (x *Screen) add() {
	f := newHostForm(data.Host{Reach: data.ReachSSH}, x.groups)
	scan := kit.NewCheck("Scan it at once", true, nil)
	var h data.Host
	var id data.HostID
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: "Add a host", Text: mustText, Width: 720, Content: f.object, Confirm: "Add host", Valid: f.valid, Extra: []fyne.CanvasObject{scan},
		OnConfirm: func() error {
			h = data.Host{}
			f.fill(&h)
			return h.Validate()
		},
		Work: func(ctx context.Context) (err error) {
			id, err = x.tools.Desk.AddHost(ctx, h)
			return err
		},
		OnDone: func() {
			x.shell.Say(kit.StatusDone, h.Name+" is in the inventory", nil)
			x.want = ui.Place{Host: id}
			x.load()
			if scan.Checked {
				h.ID = id
				x.scan([]*row{{Host: h}}, x.lists.Checked)
			}
		}})
	x.shell.Window().Canvas().Focus(f.name)
}

func (x *Screen) editChosen() { x.edit(x.grid.Selected()) }

// edit changes one host, or what several have in common.
func (x *Screen) edit(rows []*row) {
	switch len(rows) {
	case 0:
	case 1:
		x.editOne(rows[0].Host)
	default:
		x.editMany(rows)
	}
}

func (x *Screen) editOne(was data.Host) {
	f := newHostForm(was, x.groups)
	h := was
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: "Edit " + was.Name, Text: mustText, Width: 720, Content: f.object, Confirm: "Save", Valid: f.valid,
		OnConfirm: func() error {
			h = was
			f.fill(&h)
			return h.Validate()
		},
		Work: func(ctx context.Context) error {
			return x.tools.Desk.EditHosts(ctx, []data.HostID{was.ID}, func(now *data.Host) { *now = h })
		},
		OnDone: func() { x.saved(h.Name+" is saved", []data.Host{was}) }})
	x.shell.Window().Canvas().Focus(f.name)
}

// saved says that hosts were changed, and offers to put back what they were.
func (x *Screen) saved(text string, before []data.Host) {
	x.shell.Say(kit.StatusDone, text, func() {
		x.do(fmt.Sprintf("%s put back", kit.Count(len(before), "host is", "hosts are")), func(ctx context.Context) error {
			_, err := x.tools.Desk.SaveHosts(ctx, before)
			return err
		})
	})
	x.load()
}

// do makes a change beside the UI goroutine, then says so and shows it.
func (x *Screen) do(said string, change func(context.Context) error) {
	kit.Load(x.shell.Context(), kit.NewLatest(x.page.Fail), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, change(ctx)
	}, func(struct{}) {
		if said != "" {
			x.shell.Say(kit.StatusDone, said, nil)
		}
		x.load()
	})
}
