package hangup

import (
	"fmt"

	"hangup/clients/go/hangupv1"
)

// neverFired tells of the steps of plans that did not act on a connection they were for, in the words that all clients
// and the command use.
func neverFired(report *hangupv1.ScopeReport) []string {
	var lines []string
	for _, of := range report.GetPlans() {
		owner := of.Listener
		if owner == "" {
			owner = of.Session
		}
		for _, plan := range of.Plans {
			where := fmt.Sprintf("%s, plan %d", owner, plan.Plan)
			if plan.ConnectionsSeen == 0 {
				lines = append(lines, where+": it had no connection")
				continue
			}
			for _, step := range plan.Steps {
				if step.NotFired > 0 {
					lines = append(lines, fmt.Sprintf("%s, step %d: on %d of %d connections", where, step.Step, step.NotFired, plan.ConnectionsSeen))
				}
			}
		}
	}
	return lines
}
