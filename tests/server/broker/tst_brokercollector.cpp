// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/brokercollector.h"

#include "server/broker/embeddedbroker.h"
#include "tests/server/broker/recordingport.h"
#include "tests/server/metrics/documentedmetrics.h"

#include <prometheus/text_serializer.h>

#include <QTest>

using namespace msgsrv;

namespace {

QByteArrayList samples(const prometheus::Collectable &collectable)
{
    QByteArrayList list;
    const auto lines
        = QByteArray::fromStdString(prometheus::TextSerializer().Serialize(collectable.Collect()))
              .split('\n');
    for (const QByteArray &line : lines) {
        if (!line.isEmpty() && !line.startsWith('#'))
            list.append(line);
    }
    return list;
}

} // namespace

class TestBrokerCollector : public QObject
{
    Q_OBJECT

private slots:
    void everyFamilyIsDocumentedAndTheReverse();
    void everyDropReasonIsDocumented();
    void whatTheBrokerCountsIsShown();
};

void TestBrokerCollector::everyFamilyIsDocumentedAndTheReverse()
{
    RecordingPort port;
    const EmbeddedBroker broker({}, port);
    const std::string text = prometheus::TextSerializer().Serialize(BrokerCollector(broker).Collect());
    const MetricFamilies documented = documentedMetrics(QStringLiteral("broker"));
    QVERIFY(!documented.isEmpty());
    QCOMPARE(renderedMetrics(text), documented);
}

void TestBrokerCollector::everyDropReasonIsDocumented()
{
    const QByteArray text = metricsDocument();
    for (int i = 0; i < dropReasonCount; ++i)
        QVERIFY2(text.contains(QByteArray("| `") + toString(DropReason(i)) + "` | "),
                 toString(DropReason(i)));
}

void TestBrokerCollector::whatTheBrokerCountsIsShown()
{
    RecordingPort port;
    EmbeddedBroker broker({{4, 0}, {1, 0}}, port);
    const BrokerCollector collector(broker);
    const ListeningKey key = ListeningKey::fromPresented("queue.a");
    constexpr auto consumer = makeConnectionId(0, 1);
    const auto publish = [&](int count) {
        for (int i = 0; i < count; ++i)
            broker.publish(key, std::make_shared<Message>(), Broker::Tell::Acceptance, {});
    };
    publish(3); // no queue
    broker.reserve(key);
    broker.subscribe(key, consumer, {});
    publish(6); // two too many
    broker.take(key, consumer, 3, 1 << 20);
    broker.settle(key, consumer, 1, 1, DropReason::SlowConsumer);
    QCOMPARE(samples(collector),
             (QByteArrayList{
                 "messaging_messages_accepted_total 4",
                 "messaging_messages_delivered_total 1",
                 "messaging_messages_dropped_total{reason=\"session_ended\"} 0",
                 "messaging_messages_dropped_total{reason=\"connection_lost\"} 0",
                 "messaging_messages_dropped_total{reason=\"slow_consumer\"} 1",
                 "messaging_messages_dropped_total{reason=\"expired\"} 0",
                 "messaging_messages_dropped_total{reason=\"rejected\"} 0",
                 "messaging_messages_dropped_total{reason=\"purged\"} 0",
                 "messaging_messages_dropped_total{reason=\"overflow\"} 0",
                 "messaging_messages_dropped_total{reason=\"queue_deleted\"} 0",
                 "messaging_messages_dropped_total{reason=\"saved\"} 0",
                 "messaging_messages_dropped_total{reason=\"not_saved\"} 0",
                 "messaging_messages_refused_total{reason=\"no_queue\"} 3",
                 "messaging_messages_refused_total{reason=\"queue_full\"} 2",
                 "messaging_messages_in_flight 2",
                 "messaging_messages_unacknowledged 0",
                 "messaging_messages_returned_total 0",
                 "messaging_queues 1",
                 "messaging_destinations 0",
                 "messaging_destinations_refused_total 0",
             }));
}

QTEST_GUILESS_MAIN(TestBrokerCollector)
#include "tst_brokercollector.moc"
