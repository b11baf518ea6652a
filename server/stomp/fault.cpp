// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/fault.h"

#include "shared/signaling/closecodes.h"

#include <algorithm>

namespace msgsrv {

namespace {

bool isOneOf(std::string_view command, std::initializer_list<std::string_view> commands)
{
    return std::find(commands.begin(), commands.end(), command) != commands.end();
}

CloseCode codeOf(stomp::ParseError::Kind kind)
{
    switch (kind) {
    case stomp::ParseError::Kind::TooLarge:
        return CloseCode::TooBig;
    case stomp::ParseError::Kind::NotUtf8:
        return CloseCode::InvalidData;
    case stomp::ParseError::Kind::Malformed:
        break;
    }
    return CloseCode::ProtocolError;
}

} // namespace

std::optional<std::string> valueOf(const stomp::Frame &frame, std::string_view name)
{
    const std::string *value = frame.find(name);
    return value ? std::optional(*value) : std::nullopt;
}

Fault brokenFrame(const stomp::ParseError &error)
{
    return {codeOf(error.kind), std::string(error.message), {}};
}

Fault protocolFault(const stomp::Frame &frame, const char *message, const char *detail)
{
    return {CloseCode::ProtocolError, message, detail, valueOf(frame, "receipt")};
}

Fault policyFault(const stomp::Frame &frame, const char *message, const char *detail)
{
    return {CloseCode::PolicyViolation, message, detail, valueOf(frame, "receipt")};
}

Fault unservedCommand(const stomp::Frame &frame)
{
    if (isOneOf(frame.command, {"CONNECT", "STOMP"}))
        return protocolFault(frame, "already connected", "CONNECT may be sent once on a connection.");
    if (isOneOf(frame.command, {"CONNECTED", "MESSAGE", "RECEIPT", "ERROR"}))
        return protocolFault(frame, "not a client command", "This command is sent by servers only.");
    return protocolFault(frame, "unknown command",
                         "The command is unknown; commands are written in capital letters.");
}

Fault headerMissing(const stomp::Frame &frame, const char *header)
{
    return {CloseCode::ProtocolError, "header missing", frame.command + " needs the header " + header + '.',
            valueOf(frame, "receipt")};
}

Fault foreignQueue(const stomp::Frame &frame)
{
    return {CloseCode::PolicyViolation,
            "access refused",
            "The queue is not this session's own.",
            valueOf(frame, "receipt"),
            false,
            Strange::ForeignQueue};
}

Fault unsupported(const stomp::Frame &frame, const std::string &what)
{
    return {CloseCode::PolicyViolation, "not supported yet", what + " is not supported yet.",
            valueOf(frame, "receipt")};
}

} // namespace msgsrv
