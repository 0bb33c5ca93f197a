package hangup

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// oneof is a oneof of messages that are all of different types: the type alone says which field is meant.
type oneof struct {
	descriptor protoreflect.OneofDescriptor
	fields     map[protoreflect.FullName]protoreflect.FieldDescriptor
}

// oneofOf looks at the type of the message once.
func oneofOf(message proto.Message, name protoreflect.Name) *oneof {
	descriptor := message.ProtoReflect().Descriptor().Oneofs().ByName(name)
	fields := map[protoreflect.FullName]protoreflect.FieldDescriptor{}
	for i := range descriptor.Fields().Len() {
		field := descriptor.Fields().Get(i)
		fields[field.Message().FullName()] = field
	}
	return &oneof{descriptor, fields}
}

// set puts the value into the field of its type, and tells whether there is one.
func (o *oneof) set(message, value protoreflect.Message) bool {
	field, known := o.fields[value.Descriptor().FullName()]
	if known {
		message.Set(field, protoreflect.ValueOfMessage(value))
	}
	return known
}

// get gives the value of the field that is set; an empty message of the same kind if none is.
func (o *oneof) get(message protoreflect.Message) protoreflect.Message {
	if field := message.WhichOneof(o.descriptor); field != nil {
		return message.Get(field).Message()
	}
	return message.Type().Zero()
}
