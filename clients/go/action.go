package hangup

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"hangup/clients/go/hangupv1"
)

// A Verb is one of the actions, with its options; docs/actions has a page for each.
type Verb interface {
	*hangupv1.CloseAction | *hangupv1.HalfCloseAction | *hangupv1.ResetAction | *hangupv1.LingerAction |
		*hangupv1.ResetUnreadAction | *hangupv1.FinThenResetAction | *hangupv1.LastDataAction | *hangupv1.VanishAction |
		*hangupv1.BlackHoleAction | *hangupv1.HealAction | *hangupv1.PauseAction | *hangupv1.ResumeAction |
		*hangupv1.ThrottleAction | *hangupv1.DelayAction | *hangupv1.SendAction | *hangupv1.SendUrgentAction |
		*hangupv1.SetBehaviourAction
	proto.Message
}

var verbs = oneofOf(&hangupv1.Action{}, "verb")

// Do makes an action, for Perform and for the steps of plans:
//
//	session.Perform(ctx, hangup.Do(&hangupv1.ResetAction{AfterFlush: true}))
func Do[V Verb](verb V) *hangupv1.Action {
	action := &hangupv1.Action{}
	verbs.set(action.ProtoReflect(), verb.ProtoReflect())
	return action
}

// Close is the action that sends FIN.
func Close() *hangupv1.Action { return Do(&hangupv1.CloseAction{}) }

// HalfClose is the action that sends FIN and goes on reading.
func HalfClose() *hangupv1.Action { return Do(&hangupv1.HalfCloseAction{}) }

// Reset is the action that sends RST, now.
func Reset() *hangupv1.Action { return Do(&hangupv1.ResetAction{}) }

// Send is the action that sends this text.
func Send(text string) *hangupv1.Action {
	return Do(&hangupv1.SendAction{Payload: &hangupv1.SendAction_Text{Text: text}})
}

// Plan is a plan for all the connections that those before it leave.
func Plan(steps ...*hangupv1.Step) *hangupv1.Plan { return &hangupv1.Plan{Steps: steps} }

// PlanFor is a plan for so many connections.
func PlanFor(connections uint32, steps ...*hangupv1.Step) *hangupv1.Plan {
	return &hangupv1.Plan{Connections: connections, Steps: steps}
}

// Step is a step of a plan: at the trigger, once the step before has acted, the action is done.
func Step(trigger *hangupv1.Trigger, action *hangupv1.Action) *hangupv1.Step {
	return &hangupv1.Step{Trigger: trigger, Action: action}
}

// AtOnce is the trigger that holds as soon as the step before has acted; for the first step, as the connection is open.
func AtOnce() *hangupv1.Trigger {
	return &hangupv1.Trigger{When: &hangupv1.Trigger_Accepted{Accepted: &hangupv1.AcceptedTrigger{}}}
}

// AtBytesReceived is the trigger that holds when so many bytes of the peer were read, at least 1: at that very byte.
func AtBytesReceived(bytes uint64) *hangupv1.Trigger {
	return &hangupv1.Trigger{When: &hangupv1.Trigger_BytesReceived{BytesReceived: bytes}}
}

// AtBytesSent is the trigger that holds when so many bytes were written, at least 1: between that byte and the next.
func AtBytesSent(bytes uint64) *hangupv1.Trigger {
	return &hangupv1.Trigger{When: &hangupv1.Trigger_BytesSent{BytesSent: bytes}}
}

// AtPattern is the trigger that holds when the peer has sent this text, in however many segments.
func AtPattern(text string) *hangupv1.Trigger {
	return &hangupv1.Trigger{When: &hangupv1.Trigger_PatternText{PatternText: text}}
}

// AtPeerFin is the trigger that holds when the peer's FIN has come.
func AtPeerFin() *hangupv1.Trigger {
	return &hangupv1.Trigger{When: &hangupv1.Trigger_PeerFin{PeerFin: &hangupv1.PeerFinTrigger{}}}
}

// AtSignal is the trigger that holds when a signal of this name was fired: 1 to 63 letters, digits, `.`, `_` or `-`.
func AtSignal(name string) *hangupv1.Trigger {
	return &hangupv1.Trigger{When: &hangupv1.Trigger_Signal{Signal: name}}
}

// After is the trigger that holds so long after the step before has acted; 0 to 1 hour.
func After(elapsed time.Duration) *hangupv1.Trigger {
	return &hangupv1.Trigger{When: &hangupv1.Trigger_Elapsed{Elapsed: durationpb.New(elapsed)}}
}

// AfterIdle is the trigger that holds when nothing was read or written for so long; 1 ms to 1 hour.
func AfterIdle(idle time.Duration) *hangupv1.Trigger {
	return &hangupv1.Trigger{When: &hangupv1.Trigger_Idle{Idle: durationpb.New(idle)}}
}

// longestDuration gives the longest time that the action says it may take; 0 if it says none.
func longestDuration(action *hangupv1.Action) time.Duration {
	longest := time.Duration(0)
	verbs.get(action.ProtoReflect()).Range(func(_ protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if message, is := value.Interface().(protoreflect.Message); is {
			if duration, is := message.Interface().(*durationpb.Duration); is {
				longest = max(longest, duration.AsDuration())
			}
		}
		return true
	})
	return longest
}
