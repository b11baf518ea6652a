// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/stomp/escaping.h"

namespace msgsrv::stomp {

Escaping escapingOf(std::string_view command, Version version)
{
    if (version == Version::V10 || isUnescapedCommand(command))
        return Escaping::None;
    return version == Version::V11 ? Escaping::Stomp11 : Escaping::Stomp12;
}

std::optional<std::string> unescaped(std::string_view wire, Escaping escaping)
{
    if (escaping == Escaping::None || wire.find('\\') == wire.npos)
        return std::string(wire);

    std::string text;
    text.reserve(wire.size());
    for (std::size_t i = 0; i < wire.size(); ++i) {
        if (wire[i] != '\\') {
            text += wire[i];
            continue;
        }
        if (++i == wire.size())
            return std::nullopt;
        switch (wire[i]) {
        case 'n':
            text += '\n';
            break;
        case 'c':
            text += ':';
            break;
        case '\\':
            text += '\\';
            break;
        case 'r':
            if (escaping != Escaping::Stomp12)
                return std::nullopt;
            text += '\r';
            break;
        default:
            return std::nullopt;
        }
    }
    return text;
}

bool appendEscaped(std::string &out, std::string_view text, Escaping escaping, HeaderPart part)
{
    if (text.empty())
        return part == HeaderPart::Value;

    const std::size_t before = out.size();
    for (const char c : text) {
        const char *sequence = nullptr;
        switch (c) {
        case '\n':
            sequence = "\\n";
            break;
        case '\\':
            sequence = "\\\\";
            break;
        case ':':
            sequence = "\\c";
            break;
        case '\r':
            sequence = "\\r";
            break;
        default:
            break;
        }
        const bool raw = !sequence
            || (escaping == Escaping::None && (c == '\\' || (c == ':' && part == HeaderPart::Value)));
        const bool impossible = c == '\0' || (!raw && escaping == Escaping::None)
            || (c == '\r' && escaping != Escaping::Stomp12);
        if (impossible) {
            out.resize(before);
            return false;
        }
        if (raw)
            out += c;
        else
            out += sequence;
    }
    return true;
}

} // namespace msgsrv::stomp
