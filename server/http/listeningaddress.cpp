// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/listeningaddress.h"

#include "server/net/authority.h"

#include <algorithm>
#include <string_view>

namespace msgsrv {

QByteArray ListeningAddress::forRequest(const HttpRequest &request) const
{
    if (!publicAddress.isEmpty())
        return publicAddress;
    const auto authority = Authority::parse({request.host.constData(), std::size_t(request.host.size())});
    if (!authority)
        return {};
    QByteArray address(request.secure ? "wss://" : "ws://");
    if (isHttpListener)
        address += request.host;
    else
        address += QByteArray::fromStdString(authority->host) + ':' + QByteArray::number(port);
    return address + path;
}

QByteArray ListeningAddress::cspSource(const HttpRequest &request) const
{
    const QByteArray address = forRequest(request);
    const qsizetype separator = address.indexOf("://");
    if (separator <= 0)
        return {};
    const QByteArray scheme = address.left(separator);
    const qsizetype hostStart = separator + 3;
    const qsizetype pathStart = address.indexOf('/', hostStart);
    const QByteArray origin = pathStart < 0 ? address : address.left(pathStart);
    const bool isPlain
        = origin.size() > hostStart && std::all_of(origin.cbegin() + hostStart, origin.cend(), [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
                  || c == '.' || c == ':';
          });
    return isPlain ? origin : scheme == "wss" ? QByteArray("wss:") : QByteArray("ws:");
}

} // namespace msgsrv
