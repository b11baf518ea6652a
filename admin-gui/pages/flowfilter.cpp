// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/pages/flowfilter.h"

#include "shared/management/filter.h"

#include <memory>

namespace msgsrv::console {

namespace {

std::string eventName(const FlowMessage &message)
{
    switch (message.outcome) {
    case FlowMessage::Outcome::Delivered:
        return "written";
    case FlowMessage::Outcome::Dropped:
        return "dropped";
    case FlowMessage::Outcome::Refused:
        return "refused";
    case FlowMessage::Outcome::Waiting:
        break;
    }
    return "accepted";
}

/// In the order of the flow's columns, which may grow at the end: what is not known here is null.
management::Row toRow(const FlowMessage &message, std::size_t columns)
{
    management::Row row{eventName(message),
                        message.message.toStdString(),
                        message.from.toStdString(),
                        message.to.toStdString(),
                        FlowMessage::kindName(message.kind).toStdString(),
                        static_cast<std::int64_t>(message.bytes),
                        message.via.toStdString(),
                        message.delay < 0 ? management::Cell()
                                          : management::Cell(static_cast<std::int64_t>(message.delay)),
                        message.reason.toStdString()};
    row.resize(columns);
    return row;
}

} // namespace

std::function<bool(const FlowMessage &)> flowFilter(const QString &text)
{
    const auto columns = management::flowTable().columns;
    auto filter = management::Filter::parse(text.toStdString(), columns);
    if (!filter || filter->isEmpty())
        return {};
    return [shared = std::make_shared<const management::Filter>(std::move(*filter)),
            columns](const FlowMessage &message) {
        return message.kind == FlowMessage::Kind::Gap || shared->matches(toRow(message, columns.size()));
    };
}

std::function<bool(const FlowMessage &)> messagesOf(const QString &user)
{
    return [user](const FlowMessage &message) { return message.from == user || message.to == user; };
}

} // namespace msgsrv::console
