// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/negotiations.h"

#include <QTest>

using namespace msgsrv;
using namespace msgsrv::management;

namespace {

const TimePoint start{seconds(1000)};

QString stateOf(const Negotiations &all, const char *user, Duration later)
{
    return QLatin1String(all.of(user).state(start + later));
}

} // namespace

class NegotiationsTest final : public QObject
{
    Q_OBJECT

private slots:
    void nobody_has_said_anything()
    {
        const Negotiations none;
        QCOMPARE(stateOf(none, "alice", seconds(0)), QStringLiteral("none"));
        QCOMPARE(none.of("alice").offers, std::int64_t(0));
    }

    void an_offer_gets_stuck()
    {
        Negotiations all;
        all.add("alice", "bob", NegotiationKind::Offer, start);
        for (const char *user : {"alice", "bob"}) {
            QCOMPARE(stateOf(all, user, milliseconds(14'999)), QStringLiteral("offered"));
            QCOMPARE(stateOf(all, user, seconds(15)), QStringLiteral("stuck"));
            QCOMPARE(all.of(user).offers, std::int64_t(1));
        }
    }

    void an_answered_one_is_connected_when_it_is_quiet()
    {
        Negotiations all;
        all.add("alice", "bob", NegotiationKind::Offer, start);
        all.add("bob", "alice", NegotiationKind::Answer, start + seconds(3));
        QCOMPARE(stateOf(all, "alice", seconds(7)), QStringLiteral("answered"));
        all.add("alice", "bob", NegotiationKind::Candidate, start + seconds(7));
        QCOMPARE(stateOf(all, "alice", seconds(11)), QStringLiteral("answered"));
        QCOMPARE(stateOf(all, "alice", seconds(12)), QStringLiteral("connected"));
        QCOMPARE(all.of("alice").candidatesOut, std::int64_t(1));
        QCOMPARE(all.of("alice").candidatesIn, std::int64_t(0));
        QCOMPARE(all.of("bob").candidatesIn, std::int64_t(1));
        all.add("bob", "alice", NegotiationKind::Bye, start + seconds(60));
        QCOMPARE(stateOf(all, "alice", seconds(60)), QStringLiteral("ended"));
        all.add("bob", "alice", NegotiationKind::Offer, start + seconds(70));
        QCOMPARE(stateOf(all, "bob", seconds(71)), QStringLiteral("offered"));
    }

    void text_is_no_negotiation()
    {
        Negotiations all;
        all.add("alice", "bob", NegotiationKind::Text, start);
        all.add("alice", "bob", NegotiationKind::Other, start);
        QCOMPARE(all.size(), 0);
    }

    void those_who_have_gone_are_forgotten()
    {
        Negotiations all;
        all.add("alice", "bob", NegotiationKind::Offer, start);
        all.add("carol", "dave", NegotiationKind::Offer, start);
        all.keepOnly({"alice", "eve"});
        QCOMPARE(all.size(), 1);
        QCOMPARE(stateOf(all, "alice", seconds(0)), QStringLiteral("offered"));
        QCOMPARE(stateOf(all, "carol", seconds(0)), QStringLiteral("none"));
    }
};

QTEST_APPLESS_MAIN(NegotiationsTest)
#include "tst_negotiations.moc"
