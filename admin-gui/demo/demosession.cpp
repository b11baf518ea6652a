// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/demo/demosession.h"

#include <algorithm>

namespace msgsrv::console::demo {

namespace {

management::Cell text(const QString &value)
{
    return value.toStdString();
}

} // namespace

management::Row Session::sessionRow(std::size_t index, qint64 now) const
{
    return {std::to_string(1000 + index),
            text(user),
            std::string(subscribed ? "acked" : "new"),
            std::string("demo-1"),
            text(address),
            std::string(subscribed ? "websocket" : "none"),
            tls,
            since,
            std::max<qint64>(0, (now - since) / 1000),
            subscribed ? management::Cell(std::to_string(5000 + index)) : management::Cell(),
            in,
            out,
            static_cast<std::int64_t>(queue.size()),
            drops,
            static_cast<double>((now - seen) / 100) / 10.0,
            text(negotiation),
            offers,
            answers,
            candidatesOut,
            candidatesIn};
}

management::Row Session::queueRow(std::size_t index, qint64 now) const
{
    std::int64_t bytes = 0;
    for (const Waiting &message : queue)
        bytes += message.bytes;
    return {std::to_string(1000 + index),
            text(user),
            static_cast<std::int64_t>(queue.size()),
            std::int64_t(0),
            std::int64_t(subscribed ? 1 : 0),
            bytes,
            out + static_cast<std::int64_t>(queue.size()),
            out,
            drops,
            queue.empty() ? std::int64_t(0) : (now - queue.front().since) / 1000,
            std::int64_t(queueLimit),
            std::int64_t(4 * 1024 * 1024),
            false};
}

management::Row Session::connectionRow(std::size_t index, qint64 now) const
{
    return {std::to_string(5000 + index),
            text(user),
            text(address),
            std::string("websocket"),
            tls,
            static_cast<std::int64_t>(index % 4),
            std::string(index % 13 == 0 ? "1.1" : "1.2"),
            since + 40,
            std::max<qint64>(0, (now - since) / 1000),
            in,
            out,
            in * 412,
            out * 431,
            std::int64_t(slow ? 180'224 : 0),
            static_cast<double>((now - seen) / 100) / 10.0};
}

} // namespace msgsrv::console::demo
