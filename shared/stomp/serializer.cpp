// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/stomp/serializer.h"

namespace msgsrv::stomp {

FrameWriter::FrameWriter(std::string &out, std::string_view command, Version receiver)
    : m_out(out)
    , m_escaping(escapingOf(command, receiver))
{
    m_out += command;
    m_out += '\n';
}

bool FrameWriter::header(std::string_view name, std::string_view value)
{
    if (name == "content-length")
        return false;
    const std::size_t before = m_out.size();
    if (!appendEscaped(m_out, name, m_escaping, HeaderPart::Name))
        return false;
    m_out += ':';
    if (!appendEscaped(m_out, value, m_escaping, HeaderPart::Value)) {
        m_out.resize(before);
        return false;
    }
    m_out += '\n';
    return true;
}

void FrameWriter::finish(std::string_view body)
{
    if (!body.empty()) {
        m_out += "content-length:";
        m_out += std::to_string(body.size());
        m_out += '\n';
    }
    m_out += '\n';
    m_out += body;
    m_out += '\0';
}

std::string serialize(const Frame &frame, Version receiver)
{
    std::string out;
    out.reserve(64 + 48 * frame.headers.size() + frame.body.size());
    FrameWriter writer(out, frame.command, receiver);
    for (const Header &header : frame.headers)
        writer.header(header.name, header.value);
    writer.finish(frame.body);
    return out;
}

} // namespace msgsrv::stomp
