package wire

import (
	"context"
	"fmt"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/remote/remotetest/practice"
)

// seed fills the practice shop's workspace when it holds no hosts yet, by the
// same verbs a person uses.
func seed(ctx context.Context, d *app.Desk, shop *practice.Shop) error {
	have, err := d.DB.Hosts(ctx)
	if err != nil || len(have) > 0 {
		return err
	}
	groups := map[data.GroupID]data.GroupID{} // the shop's numbers to the workspace's
	for i, g := range shop.Groups() {
		id, err := d.SaveGroup(ctx, g)
		if err != nil {
			return err
		}
		groups[data.GroupID(i+1)] = id
	}
	hosts := shop.Hosts()
	for i := range hosts {
		hosts[i].Group = groups[hosts[i].Group]
	}
	if _, err := d.SaveHosts(ctx, hosts); err != nil {
		return err
	}
	std, ok := app.Template(practiceStandard)
	if !ok {
		return fmt.Errorf("no template %q", practiceStandard)
	}
	std.ValidFrom = d.Now().AddDate(-1, 0, 0)
	_, err = d.SaveStandard(ctx, std)
	return err
}

// practiceStandard is the template the practice shop begins with.
const practiceStandard = "small-shop"
