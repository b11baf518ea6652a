// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/flowmessage.h"

#include <QCoreApplication>

#include <array>

namespace msgsrv::console {

namespace {

struct Words
{
    Q_DECLARE_TR_FUNCTIONS(FlowMessage)
};

constexpr std::array<const char *, 7> kindNames{"offer", "answer", "candidate", "bye",
                                                "text",  "other",  "gap"};

} // namespace

FlowMessage::Kind FlowMessage::kindOf(const QString &name)
{
    for (std::size_t i = 0; i + 1 < kindNames.size(); ++i) {
        if (name == QLatin1String(kindNames.at(i)))
            return static_cast<Kind>(i);
    }
    return Kind::Other;
}

QString FlowMessage::kindName(Kind kind)
{
    return QLatin1String(kindNames.at(static_cast<std::size_t>(kind)));
}

QString FlowMessage::outcomeText() const
{
    if (kind == Kind::Gap)
        return Words::tr("%n event(s) not shown: %1", nullptr, static_cast<int>(missing))
            .arg(reason == QLatin1String("slow") ? Words::tr("this console was too slow")
                                                 : Words::tr("more came than was asked for"));
    switch (outcome) {
    case Outcome::Waiting:
        return Words::tr("waiting");
    case Outcome::Delivered:
        return Words::tr("delivered");
    case Outcome::Dropped:
        return reason.isEmpty() ? Words::tr("dropped") : Words::tr("dropped: %1").arg(reason);
    case Outcome::Refused:
        return reason.isEmpty() ? Words::tr("refused") : Words::tr("refused: %1").arg(reason);
    }
    return {};
}

} // namespace msgsrv::console
