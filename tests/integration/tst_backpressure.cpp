// SPDX-License-Identifier: GPL-3.0-or-later
//
// Readers of every kind on one topic, with heart-beats, while more is sent than any of them may have waiting:
// who beats stays, however slowly he reads; who does not beat goes, however quickly; and memory is bounded.
#include "tests/support/metricsreader.h"
#include "tests/support/sanitized.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QFile>

#include <algorithm>
#include <chrono>

using namespace msgsrv::test;

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int bodyBytes = 10'000;
/// Of a client that beats once a second (docs/stomp.md, "Heart-beats"): twice that, and two seconds.
constexpr milliseconds tolerance(2500);

const Headers topic{{"destination", "/topic/t"}};

/// A subscriber to the topic that beats every half second, unless it is the silent one.
struct Reader
{
    explicit Reader(const Daemon &daemon)
        : stomp(daemon.stomp())
    { }

    [[nodiscard]] bool enter(bool beats)
    {
        if (stomp.connectAs("guest", "guest", {{"heart-beat", "1000,1000"}}).command != "CONNECTED")
            return false;
        if (beats)
            stomp.beatEvery(500);
        return stomp.sendForReceipt("SUBSCRIBE", topic + Headers{{"id", "t"}}).command == "RECEIPT";
    }
    /// Takes what is there; the numbers in front of the bodies only grow, and bodies are whole.
    void take()
    {
        for (const StompFrame &message : stomp.takeMessages()) {
            const int number = message.body.left(message.body.indexOf(' ')).toInt();
            inOrder = inOrder && number > last && message.body.size() == bodyBytes;
            last = number;
            ++count;
        }
    }
    [[nodiscard]] bool isOpen() { return stomp.webSocket().isOpen(); }

    StompClient stomp;
    int last = 0;
    int count = 0;
    bool inOrder = true;
};

/// In bytes.
qint64 residentMemory(const Daemon &daemon)
{
    QFile file(QStringLiteral("/proc/%1/status").arg(daemon.pid()));
    if (!file.open(QIODevice::ReadOnly))
        return -1;
    const QByteArray text = file.readAll();
    const auto at = text.indexOf("VmRSS:");
    return at < 0 ? -1 : text.mid(at + 6).split('k').first().trimmed().toLongLong() * 1024;
}

} // namespace

class TestBackPressure : public QObject
{
    Q_OBJECT

private slots:
    void whoBeatsStaysAndMemoryIsBounded() // items 62, 65 and 94
    {
        Daemon daemon({QStringLiteral("limits.send_queue=256KiB"),
                       QStringLiteral("limits.queue_bytes=256KiB"), QStringLiteral("limits.send_stall=60s"),
                       QStringLiteral("limits.exchanges_per_user=0"),
                       QStringLiteral("limits.exchanges_per_address=0")});
        daemon.setConfiguration("[[stomp.accounts]]\nlogin = \"guest\"\npasscode = \"guest\"\n"
                                "send = [\"/topic/*\"]\nsubscribe = [\"/topic/*\"]\n");
        QVERIFY(daemon.start());
        StompClient writer(daemon.stomp());
        QCOMPARE(writer.connectAs("guest", "guest").command, QByteArray("CONNECTED"));
        Reader quick(daemon);
        Reader slow(daemon); // reads for a moment, a few times a second
        Reader blocked(daemon); // reads nothing for longer than the tolerance
        Reader silent(daemon); // promised beats, and reads all
        QVERIFY(quick.enter(true) && slow.enter(true) && blocked.enter(true) && silent.enter(false));
        blocked.stomp.webSocket().stopReading();
        slow.stomp.webSocket().stopReading();
        QTimer reading;
        int moment = 0;
        connect(&reading, &QTimer::timeout, this, [&] {
            // One moment in five.
            if (++moment % 5 == 0)
                slow.stomp.webSocket().continueReading();
            else
                slow.stomp.webSocket().stopReading();
        });
        reading.start(20);

        const qint64 before = residentMemory(daemon);
        QVERIFY(before > 0);
        const auto begin = Clock::now();
        const auto elapsed = [&] { return Clock::now() - begin; };
        std::optional<Clock::duration> silentCut;
        qint64 most = 0;
        int sent = 0;
        const auto nextBody = [&] {
            QByteArray body = QByteArray::number(++sent) + ' ';
            body += QByteArray(bodyBytes - body.size(), 'x');
            return body;
        };
        const auto send = [&](int count) {
            for (; count > 1; --count)
                writer.send("SEND", topic, nextBody());
            return writer.sendForReceipt("SEND", topic, nextBody()).command == "RECEIPT";
        };
        while (elapsed() < 2 * tolerance || sent < 2000) {
            QVERIFY(send(20));
            quick.take();
            slow.take();
            silent.take();
            if (!silentCut && silent.stomp.webSocket().isClosed())
                silentCut = elapsed();
            if (sent % 100 == 0)
                most = std::max(most, residentMemory(daemon));
        }

        // The one that did not beat has gone, and not too early.
        QVERIFY(silentCut.has_value());
        QVERIFY(*silentCut >= tolerance - milliseconds(100)); // its last octets came a moment before `begin`
        QCOMPARE(silent.stomp.webSocket().closeCode(), 4003);
        // The others are there, also the one that could not hear a beat all the time.
        QVERIFY(quick.isOpen() && slow.isOpen() && blocked.isOpen());
        QVERIFY(slow.count > 0);
        // Each that does not read may have half a MiB waiting, which is far from the 20 MB that were sent.
        QVERIFY2(double(most - before) < 8.0 * 1024 * 1024 * sanitizedFactor,
                 qPrintable(QString::number(most - before)));

        // What waited for them comes, then what is sent now.
        reading.stop();
        slow.stomp.webSocket().continueReading();
        blocked.stomp.webSocket().continueReading();
        QVERIFY(waitUntil([&] {
            for (Reader *reader : {&quick, &slow, &blocked})
                reader->take();
            // All that still waits anywhere has been written.
            return MetricsReader::scrape(daemon.internal()).value("messaging_messages_in_flight") == 0;
        }));
        QVERIFY(send(1));
        for (Reader *reader : {&quick, &slow, &blocked}) {
            QVERIFY(waitUntil([&] {
                reader->take();
                return reader->last == sent;
            }));
            QVERIFY(reader->inOrder && reader->isOpen());
            QCOMPARE(reader->stomp.violations(), QList<QByteArray>());
        }
        QCOMPARE(quick.count, sent);
        QVERIFY(blocked.count < sent / 2); // it lost what it had no room for
        const int beats = blocked.stomp.beatsSeen();
        QVERIFY(waitUntil([&] { return blocked.stomp.beatsSeen() > beats + 2; }));
        QVERIFY(Conservation(MetricsReader::scrape(daemon.internal())).holds());
        QVERIFY(MetricsReader::scrape(daemon.internal())
                    .value("messaging_messages_dropped_total", {{"reason", "slow_consumer"}})
                > 0);
    }
};

QTEST_GUILESS_MAIN(TestBackPressure)
#include "tst_backpressure.moc"
