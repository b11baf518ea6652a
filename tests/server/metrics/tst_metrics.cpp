// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/metrics/metrics.h"
#include "tests/server/metrics/documentedmetrics.h"

#include <QFile>
#include <QProcess>
#include <QTest>

#include <cmath>
#include <ctime>
#include <thread>

using namespace msgsrv;

namespace {

/// The value of the line that starts with @p sample (name and labels), or NaN.
double valueOf(const Metrics &metrics, const QByteArray &sample)
{
    const QByteArrayList lines = QByteArray::fromStdString(metrics.render()).split('\n');
    for (const QByteArray &line : lines) {
        if (line.startsWith(sample + ' '))
            return line.mid(sample.size() + 1).toDouble();
    }
    return std::nan("");
}

prometheus::MetricFamily makeFamily(const char *name, double value)
{
    prometheus::MetricFamily family;
    family.name = name;
    family.help = "A family of the test.";
    family.type = prometheus::MetricType::Gauge;
    prometheus::ClientMetric metric;
    metric.gauge.value = value;
    family.metric.push_back(metric);
    return family;
}

class Asked : public prometheus::Collectable
{
public:
    std::vector<prometheus::MetricFamily> Collect() const override { return {makeFamily("test_asked", 5)}; }
};

} // namespace

class TestMetrics : public QObject
{
    Q_OBJECT

private slots:
    void everyFamilyOfThisLayerIsDocumentedAndTheReverse();
    void everyKindOfStrangeBehaviourIsDocumented();
    void everyKindIsThereFromTheStart();
    void strangeBehaviourIsCountedByKind();
    void theSameNameAndLabelsGiveTheSameCounter();
    void valuesAreAskedForAtEachScrape();
    void aFamilyStandsOnceHoweverManySourcesItHas();
    void aCollectableThatHasGoneIsForgotten();
    void labelValuesAreEscaped();
    void countersMayBeUsedFromAnyThread();
    void theProcessIsDescribedAsTheKernelSeesIt();
    // The last, because ThreadSanitizer allows no new thread after a fork.
    void promtoolFindsNothingToSay();
};

void TestMetrics::promtoolFindsNothingToSay()
{
    Metrics metrics;
    metrics.counter("test_things_total", "Things.", {{"kind", "a \"quoted\" \\ one\n"}}).Increment();
    metrics.addGauge("test_level", "A level.", {{"state", "one"}}, [] { return 1.5; });
    metrics.addGauge("test_level", "A level.", {{"state", "two"}}, [] { return -1e300; });
    const auto asked = std::make_shared<Asked>();
    metrics.add(asked);

    QProcess promtool;
    promtool.setProcessChannelMode(QProcess::MergedChannels);
    promtool.start(QStringLiteral("promtool"), {QStringLiteral("check"), QStringLiteral("metrics")});
    QVERIFY2(promtool.waitForStarted(), "promtool is in Debian's package prometheus");
    promtool.write(QByteArray::fromStdString(metrics.render()));
    promtool.closeWriteChannel();
    QVERIFY(promtool.waitForFinished());
    QCOMPARE(promtool.readAll(), QByteArray());
    QCOMPARE(promtool.exitCode(), 0);
}

void TestMetrics::everyFamilyOfThisLayerIsDocumentedAndTheReverse()
{
    const MetricFamilies documented = documentedMetrics(QStringLiteral("metrics"));
    QVERIFY(!documented.isEmpty());
    QCOMPARE(renderedMetrics(Metrics().render()), documented);
}

void TestMetrics::everyKindOfStrangeBehaviourIsDocumented()
{
    const QByteArray text = metricsDocument();
    QSet<QByteArray> names;
    for (int i = 0; i < strangeCount; ++i) {
        const QByteArray name = toString(Strange(i));
        names.insert(name);
        QVERIFY2(text.contains("| `" + name + "` | "), name.constData());
    }
    QCOMPARE(names.size(), strangeCount);
}

void TestMetrics::everyKindIsThereFromTheStart()
{
    const Metrics metrics;
    for (int i = 0; i < strangeCount; ++i)
        QCOMPARE(
            valueOf(metrics,
                    QByteArray("messaging_strange_behaviour_total{kind=\"") + toString(Strange(i)) + "\"}"),
            0.0);
}

void TestMetrics::strangeBehaviourIsCountedByKind()
{
    Metrics metrics;
    metrics.strange(Strange::ForeignQueue, "anna", "SUBSCRIBE");
    metrics.strange(Strange::ForeignQueue, "bert", "SEND");
    metrics.strange(Strange::UnknownKey, "", "");
    QCOMPARE(valueOf(metrics, "messaging_strange_behaviour_total{kind=\"foreign_queue\"}"), 2.0);
    QCOMPARE(valueOf(metrics, "messaging_strange_behaviour_total{kind=\"unknown_key\"}"), 1.0);
    QCOMPARE(valueOf(metrics, "messaging_strange_behaviour_total{kind=\"queue_lost\"}"), 0.0);
    QVERIFY(metrics.render().find("anna") == std::string::npos); // no user in a metric
}

void TestMetrics::theSameNameAndLabelsGiveTheSameCounter()
{
    Metrics metrics;
    prometheus::Counter &first = metrics.counter("test_total", "Help.", {{"a", "1"}, {"b", "2"}});
    QCOMPARE(&metrics.counter("test_total", "Help.", {{"b", "2"}, {"a", "1"}}), &first);
    QVERIFY(&metrics.counter("test_total", "Help.", {{"a", "1"}, {"b", "3"}}) != &first);
    first.Increment();
    QCOMPARE(valueOf(metrics, "test_total{a=\"1\",b=\"2\"}"), 1.0);
    QCOMPARE(valueOf(metrics, "test_total{a=\"1\",b=\"3\"}"), 0.0);
}

void TestMetrics::valuesAreAskedForAtEachScrape()
{
    Metrics metrics;
    double value = 1;
    metrics.addGauge("test_level", "Help.", {}, [&] { return value; });
    metrics.addCounter("test_things_total", "Help.", {}, [&] { return value * 10; });
    QCOMPARE(valueOf(metrics, "test_level"), 1.0);
    value = 2;
    QCOMPARE(valueOf(metrics, "test_level"), 2.0);
    QCOMPARE(valueOf(metrics, "test_things_total"), 20.0);
}

void TestMetrics::aFamilyStandsOnceHoweverManySourcesItHas()
{
    Metrics metrics;
    metrics.addGauge("test_asked", "Help.", {{"from", "function"}}, [] { return 4; });
    const auto asked = std::make_shared<Asked>();
    metrics.add(asked);
    metrics.counter("test_total", "Help.", {{"from", "counter"}});
    metrics.addCounter("test_total", "Help.", {{"from", "function"}}, [] { return 7; });
    const QByteArray text = QByteArray::fromStdString(metrics.render());
    QCOMPARE(text.count("# TYPE test_asked "), 1);
    QCOMPARE(text.count("# TYPE test_total "), 1);
    QCOMPARE(valueOf(metrics, "test_asked{from=\"function\"}"), 4.0);
    QCOMPARE(valueOf(metrics, "test_asked"), 5.0);
    QCOMPARE(valueOf(metrics, "test_total{from=\"counter\"}"), 0.0);
    QCOMPARE(valueOf(metrics, "test_total{from=\"function\"}"), 7.0);
}

void TestMetrics::aCollectableThatHasGoneIsForgotten()
{
    Metrics metrics;
    auto asked = std::make_shared<Asked>();
    metrics.add(asked);
    QCOMPARE(valueOf(metrics, "test_asked"), 5.0);
    asked.reset();
    QVERIFY(std::isnan(valueOf(metrics, "test_asked")));
}

void TestMetrics::labelValuesAreEscaped()
{
    Metrics metrics;
    metrics.counter("test_total", "Help.", {{"a", "\"\\\n"}}).Increment();
    const QByteArray sample = "test_total{a=\"\\\"\\\\\\n\"}";
    QCOMPARE(valueOf(metrics, sample), 1.0);
}

void TestMetrics::countersMayBeUsedFromAnyThread()
{
    Metrics metrics;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&metrics, i] {
            for (int j = 0; j < 1000; ++j)
                metrics.counter("test_total", "Help.", {{"which", i % 2 ? "odd" : "even"}}).Increment();
        });
    }
    std::string text = metrics.render();
    for (std::thread &thread : threads)
        thread.join();
    QCOMPARE(valueOf(metrics, "test_total{which=\"odd\"}"), 2000.0);
    QCOMPARE(valueOf(metrics, "test_total{which=\"even\"}"), 2000.0);
}

void TestMetrics::theProcessIsDescribedAsTheKernelSeesIt()
{
    Metrics metrics;
    const double open = valueOf(metrics, "process_open_fds");
    QFile first(QStringLiteral("/dev/null"));
    QFile second(QStringLiteral("/dev/null"));
    QVERIFY(first.open(QIODevice::ReadOnly) && second.open(QIODevice::ReadOnly));
    QCOMPARE(valueOf(metrics, "process_open_fds"), open + 2);
    QVERIFY(valueOf(metrics, "process_max_fds") >= open + 2);
    QVERIFY(valueOf(metrics, "process_resident_memory_bytes") > 1e6);
    QVERIFY(valueOf(metrics, "process_virtual_memory_bytes")
            > valueOf(metrics, "process_resident_memory_bytes"));

    const double started = valueOf(metrics, "process_start_time_seconds");
    const auto now = double(std::time(nullptr));
    QVERIFY2(started > now - 3600 && started < now + 2, qPrintable(QString::number(started - now)));

    const double before = valueOf(metrics, "process_cpu_seconds_total");
    volatile unsigned work = 0;
    QTRY_VERIFY_WITH_TIMEOUT(
        [&] {
            for (unsigned i = 0; i < 10'000'000; ++i)
                work = work + i;
            return valueOf(metrics, "process_cpu_seconds_total") > before;
        }(),
        30'000);
}

QTEST_GUILESS_MAIN(TestMetrics)
#include "tst_metrics.moc"
