// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/forwarded.h"

#include "server/net/httpgrammar.h"

namespace msgsrv {

namespace {

/// The members of a comma-separated list, trimmed; empty ones, which RFC 9110 (5.6.1) lets a list have, left
/// out.
std::vector<std::string_view> membersOf(std::string_view list)
{
    std::vector<std::string_view> members;
    while (true) {
        const std::size_t comma = list.find(',');
        const std::string_view member = http::trimmed(list.substr(0, comma));
        if (!member.empty())
            members.push_back(member);
        if (comma == list.npos)
            return members;
        list.remove_prefix(comma + 1);
    }
}

bool isPort(std::string_view text)
{
    return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == text.npos;
}

/// An entry of X-Forwarded-For: an address, in brackets or not, perhaps with a port, which is left aside.
std::optional<QHostAddress> addressOf(std::string_view entry)
{
    if (entry.substr(0, 1) == "[") {
        const std::size_t close = entry.find(']');
        if (close == entry.npos)
            return std::nullopt;
        const std::string_view rest = entry.substr(close + 1);
        if (!rest.empty() && (rest.front() != ':' || !isPort(rest.substr(1))))
            return std::nullopt;
        const auto address = parseIpAddress(entry.substr(1, close - 1));
        return address && address->protocol() == QAbstractSocket::IPv6Protocol ? address : std::nullopt;
    }
    const std::size_t colon = entry.find(':');
    if (colon != entry.npos && entry.find(':', colon + 1) == entry.npos) {
        if (!isPort(entry.substr(colon + 1)))
            return std::nullopt;
        entry = entry.substr(0, colon);
    }
    return parseIpAddress(entry);
}

/// The entry of @p list that belongs to the client, which is at @p place of @p count addresses.
std::string_view entryFor(const std::vector<std::string_view> &list, std::size_t place, std::size_t count)
{
    if (list.empty())
        return {};
    return list.size() == count ? list[place] : list.back();
}

} // namespace

ForwardedFields ForwardedFields::of(const std::vector<std::pair<std::string, std::string>> &headers)
{
    ForwardedFields fields;
    const auto append = [](std::string &list, const std::string &value) {
        if (!list.empty())
            list += ", ";
        list += value;
    };
    for (const auto &[name, value] : headers) {
        if (name == "x-forwarded-for")
            append(fields.forwardedFor, value);
        else if (name == "x-forwarded-proto")
            append(fields.forwardedProto, value);
        else if (name == "x-forwarded-host")
            append(fields.forwardedHost, value);
    }
    return fields;
}

ClientView seeThroughProxies(const QHostAddress &peer, bool tls, std::string_view host,
                             const ForwardedFields &fields, const std::vector<Cidr> &trusted)
{
    ClientView view{unmapped(peer), tls, std::string(host)};
    if (!contains(trusted, peer))
        return view;

    const std::vector<std::string_view> hops = membersOf(fields.forwardedFor);
    std::size_t place = hops.empty() ? 0 : hops.size() - 1;
    for (std::size_t i = hops.size(); i-- > 0;) {
        const std::optional<QHostAddress> address = addressOf(hops[i]);
        if (!address) {
            view.address = unmapped(peer);
            place = hops.size() - 1;
            break;
        }
        view.address = unmapped(*address);
        place = i;
        if (!contains(trusted, *address))
            break;
    }

    const std::string proto = http::lowered(entryFor(membersOf(fields.forwardedProto), place, hops.size()));
    if (proto == "https" || proto == "wss")
        view.secure = true;
    else if (proto == "http" || proto == "ws")
        view.secure = false;

    const std::string_view forwardedHost = entryFor(membersOf(fields.forwardedHost), place, hops.size());
    if (http::isAuthority(forwardedHost))
        view.host = std::string(forwardedHost);
    return view;
}

} // namespace msgsrv
