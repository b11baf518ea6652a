// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/passcodechecks.h"

#include <QTest>

#include <atomic>
#include <future>
#include <latch>

using namespace msgsrv;

namespace {

using Result = PasscodeChecks::Result;

/// Of "secret": next to no memory and time.
constexpr auto phc = "$argon2id$v=19$m=32,t=1,p=1$c2FsdHNhbHQ$nRGObt5vdfL6gQZ3tpDJokcah98wCJ2YcDe1fNJumRk";

Account account(std::string_view name)
{
    return {*UserId::parse(name), {}, {}, std::make_shared<const PasscodeHash>(*PasscodeHash::parse(phc))};
}

struct House
{
    explicit House(const PasscodeChecks::Settings &settings)
        : checks(settings, metrics)
    { }

    void check(std::string_view passcode, PasscodeChecks::Done done, std::uint64_t from = 1)
    {
        checks.check(guest, passcode, {0, from}, client, std::move(done));
    }
    /// Waits for the answer.
    Result ask(std::string_view passcode)
    {
        const auto answer = std::make_shared<std::promise<Result>>();
        check(passcode, [answer](Result result) { answer->set_value(result); });
        return answer->get_future().get();
    }
    [[nodiscard]] QByteArray counted(const char *result) const
    {
        const QByteArray line = QByteArray("messaging_passcode_checks_total{result=\"") + result + "\"} ";
        const QByteArray all = QByteArray::fromStdString(metrics.render());
        const auto at = all.indexOf(line);
        return at < 0 ? "none" : all.mid(at + line.size()).split('\n').first();
    }

    Metrics metrics;
    const Account guest = account("guest");
    std::shared_ptr<int> client = std::make_shared<int>();
    PasscodeChecks checks;
};

/// Occupies a thread until it is opened.
struct Gate
{
    std::latch entered{1};
    std::latch open{1};
    PasscodeChecks::Done done()
    {
        return [this](Result) {
            entered.count_down();
            open.wait();
        };
    }
};

} // namespace

class TestPasscodeChecks : public QObject
{
    Q_OBJECT

private slots:
    void aPasscodeIsRightOrWrong()
    {
        House house({.threads = 1});
        QVERIFY(house.ask("secret") == Result::Right);
        QVERIFY(house.ask("wrong") == Result::Wrong);
        QVERIFY(house.ask("") == Result::Wrong);
        QCOMPARE(house.counted("right"), QByteArray("1"));
        QCOMPARE(house.counted("wrong"), QByteArray("2"));
    }

    void theCallersThreadNeverCalculates()
    {
        std::promise<std::thread::id> checkedIn;
        House house({.threads = 1});
        house.check("secret", [&](Result) { checkedIn.set_value(std::this_thread::get_id()); });
        QVERIFY(checkedIn.get_future().get() != std::this_thread::get_id());
    }

    void aRightPasscodeIsRememberedForItsAccount()
    {
        Gate gate;
        std::atomic<bool> answered = false;
        House house({.threads = 1});
        QVERIFY(house.ask("secret") == Result::Right);
        house.check("wrong", gate.done());
        gate.entered.wait();
        // The only thread is busy: what is answered now was not calculated.
        QVERIFY(house.ask("secret") == Result::Right);
        QCOMPARE(house.counted("remembered"), QByteArray("1"));
        house.checks.check(account("other"), "secret", {}, house.client, [&](Result) { answered = true; });
        house.check("secret ", [&](Result) { answered = true; });
        QVERIFY(!answered);
        gate.open.count_down();
        QTRY_VERIFY(house.counted("wrong") == "2" && house.counted("right") == "2");
    }

    void aWrongPasscodeDoesNotMakeTheRightOneForgotten()
    {
        House house({.threads = 1});
        QVERIFY(house.ask("secret") == Result::Right);
        QVERIFY(house.ask("wrong") == Result::Wrong);
        QVERIFY(house.ask("secret") == Result::Right);
        QCOMPARE(house.counted("right"), QByteArray("1"));
    }

    void aFleetIsLetInByItsFirst()
    {
        Gate gate;
        std::latch all(10);
        House house({.threads = 1});
        house.check("wrong", gate.done());
        gate.entered.wait();
        for (int i = 0; i < 10; ++i) {
            house.check("secret", [&](Result result) {
                if (result == Result::Right)
                    all.count_down();
            });
        }
        gate.open.count_down();
        all.wait();
        QCOMPARE(house.counted("right"), QByteArray("1"));
        QCOMPARE(house.counted("remembered"), QByteArray("9"));
    }

    void noMoreWaitThanMay()
    {
        int busy = 0;
        bool refused = false;
        House house({.threads = 0, .waiting = 3}); // nobody takes them
        const auto countBusy = [&](Result result) { busy += result == Result::Busy ? 1 : 0; };
        for (int i = 0; i < 3; ++i)
            house.check("wrong", countBusy);
        QCOMPARE(busy, 0);
        house.check("wrong", countBusy);
        QCOMPARE(busy, 1);
        // From another address: the newest of the first one is refused for it.
        house.check(
            "secret", [&](Result) { refused = true; }, 2);
        QCOMPARE(busy, 2);
        QVERIFY(!refused);
        QCOMPARE(house.counted("busy"), QByteArray("2"));
    }

    void noMoreAreCheckedAtATimeThanMay()
    {
        std::atomic<int> now = 0;
        std::atomic<int> most = 0;
        Gate gates[2];
        House house({.threads = 2});
        const auto at = [&](Gate *gate) {
            return [&, gate](Result) {
                const int count = ++now;
                for (int seen = most; seen < count && !most.compare_exchange_weak(seen, count);) { }
                if (gate)
                    gate->done()(Result::Wrong);
                --now;
            };
        };
        for (Gate &gate : gates)
            house.check("wrong", at(&gate));
        for (Gate &gate : gates)
            gate.entered.wait();
        for (int i = 0; i < 20; ++i)
            house.check("wrong", at(nullptr));
        for (Gate &gate : gates)
            gate.open.count_down();
        QTRY_COMPARE(house.counted("wrong"), QByteArray("22"));
        QCOMPARE(most.load(), 2);
    }

    void whoHasGoneIsNotChecked()
    {
        Gate gate;
        std::atomic<bool> answered = false;
        House house({.threads = 1});
        house.check("wrong", gate.done());
        gate.entered.wait();
        house.check("wrong", [&](Result) { answered = true; });
        house.client.reset();
        gate.open.count_down();
        QTRY_COMPARE(house.counted("unwanted"), QByteArray("1"));
        QVERIFY(!answered);
    }

    void theEndWaitsForNobodyInLine()
    {
        std::atomic<bool> answered = false;
        {
            House house({.threads = 0});
            house.check("secret", [&](Result) { answered = true; });
        }
        QVERIFY(!answered);
    }
};

QTEST_APPLESS_MAIN(TestPasscodeChecks)
#include "tst_passcodechecks.moc"
