// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/httphead.h"

#include "server/net/httpheadparser.h"

#include <algorithm>

namespace msgsrv {

const std::string *HttpHead::find(std::string_view name) const
{
    const auto it = std::find_if(headers.begin(), headers.end(),
                                 [name](const auto &header) { return header.first == name; });
    return it == headers.end() ? nullptr : &it->second;
}

std::size_t HttpHead::count(std::string_view name) const
{
    return std::size_t(std::count_if(headers.begin(), headers.end(),
                                     [name](const auto &header) { return header.first == name; }));
}

HttpHeadResult parseHttpHead(std::string_view bytes, const HttpHeadLimits &limits)
{
    return HttpHeadParser(limits).parse(bytes);
}

} // namespace msgsrv
