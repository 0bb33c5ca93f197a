"""The dictionaries have the fields of the messages, neither more nor less."""

from __future__ import annotations

import typing

import pytest
from google.protobuf.descriptor import EnumDescriptor

from hangup import shapes
from hangup.v1 import action_pb2, behaviour_pb2, event_pb2, listener_pb2, plan_pb2, session_pb2


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (shapes.Plan, plan_pb2.Plan),
        (shapes.Step, plan_pb2.Step),
        (shapes.Trigger, plan_pb2.Trigger),
        (shapes.Range, plan_pb2.Range),
        (shapes.Behaviour, behaviour_pb2.Behaviour),
        (shapes.Source, behaviour_pb2.SourceBehaviour),
        (shapes.Action, action_pb2.Action),
        (shapes.Random, action_pb2.RandomBytes),
    ],
)
def test_a_dictionary_has_the_fields_of_its_message(shape: type, message: typing.Any) -> None:
    assert set(shape.__annotations__) == {field.name for field in message.DESCRIPTOR.fields}


def test_each_action_has_the_fields_of_its_message() -> None:
    for field in action_pb2.Action.DESCRIPTOR.fields:
        shape = shapes.Action.__annotations__[field.name].__forward_arg__
        assert set(getattr(shapes, shape).__annotations__) == {inner.name for inner in field.message_type.fields}, shape


@pytest.mark.parametrize(
    ("names", "enum"),
    [
        (shapes.Condition, session_pb2.WaitSessionRequest.Condition.DESCRIPTOR),
        (shapes.State, session_pb2.Session.State.DESCRIPTOR),
        (shapes.ListenerState, listener_pb2.Listener.State.DESCRIPTOR),
        (shapes.OnPeerFin, session_pb2.Session.OnPeerFin.DESCRIPTOR),
        (shapes.ResetOnAccept, listener_pb2.Listener.ResetOnAccept.DESCRIPTOR),
        (shapes.EndSessions, listener_pb2.DeleteListenerRequest.Sessions.DESCRIPTOR),
        (shapes.EventKind, event_pb2.Event.Kind.DESCRIPTOR),
    ],
)
def test_names_are_those_of_the_enum(names: typing.Any, enum: EnumDescriptor) -> None:
    contract = {value.name for value in enum.values if value.number != 0} - {"UNKNOWN"}
    assert set(typing.get_args(names)) == contract
