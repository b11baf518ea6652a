// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/log.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QSet>
#include <QTemporaryFile>
#include <QTest>

#include <fcntl.h>
#include <thread>
#include <unistd.h>

using namespace msgsrv;

Q_LOGGING_CATEGORY(testCategory, "test")

class TestLog : public QObject
{
    Q_OBJECT

private slots:
    void init();
    void cleanup();

    void writesOneLineForEachEvent();
    void leavesOutWhatIsBelowTheLevel_data();
    void leavesOutWhatIsBelowTheLevel();
    void qtMessagesBecomeTheEventQt();
    void debugOfQtStaysOff();
    void linesOfManyThreadsNeverMix();
    void suppressedLinesAreCounted();
    void errorsAreNeverSuppressed();
    void aFullPipeLosesLinesInsteadOfBlocking();

private:
    void install(log::Format format, log::Level level = log::Level::Info, int perSecond = 0);
    QList<QByteArray> lines();

    QTemporaryFile m_file;
};

void TestLog::init()
{
    QVERIFY(m_file.open());
    QVERIFY(m_file.resize(0));
    QVERIFY(m_file.seek(0));
}

void TestLog::cleanup()
{
    log::install(log::Format::Text);
    qInstallMessageHandler(nullptr);
    m_file.close();
}

void TestLog::install(log::Format format, log::Level level, int perSecond)
{
    log::Settings settings;
    settings.format = format;
    settings.level = level;
    settings.perSecond = perSecond;
    settings.descriptor = m_file.handle();
    log::install(settings);
}

/// The lines written so far, each without its time (text) and line feed.
QList<QByteArray> TestLog::lines()
{
    QFile file(m_file.fileName());
    if (!file.open(QIODevice::ReadOnly))
        return {};
    QList<QByteArray> result = file.readAll().split('\n');
    if (result.takeLast() != QByteArray())
        result.append("a line without its end");
    for (QByteArray &line : result) {
        if (!line.startsWith('{'))
            line = line.mid(line.indexOf(' ') + 1);
    }
    return result;
}

void TestLog::writesOneLineForEachEvent()
{
    install(log::Format::Text);
    log::info(testCategory(), "test.one", {{"user", "a\nb"}, {"count", 3}});
    log::warning(testCategory(), "test.two");
    log::error(testCategory(), "test.three");
    QCOMPARE(lines(),
             (QList<QByteArray>{"info test test.one user=\"a\\nb\" count=3", "warning test test.two",
                                "error test test.three"}));
}

void TestLog::leavesOutWhatIsBelowTheLevel_data()
{
    QTest::addColumn<int>("level");
    QTest::addColumn<int>("count");
    QTest::newRow("debug") << int(log::Level::Debug) << 4;
    QTest::newRow("info") << int(log::Level::Info) << 3;
    QTest::newRow("warning") << int(log::Level::Warning) << 2;
    QTest::newRow("error") << int(log::Level::Error) << 1;
}

void TestLog::leavesOutWhatIsBelowTheLevel()
{
    QFETCH(const int, level);
    QFETCH(const int, count);
    install(log::Format::Text, log::Level(level));
    log::debug(testCategory(), "test.debug");
    log::info(testCategory(), "test.info");
    log::warning(testCategory(), "test.warning");
    log::error(testCategory(), "test.error");
    QCOMPARE(lines().size(), count);
    QCOMPARE(lines().last(), QByteArray("error test test.error"));
}

void TestLog::qtMessagesBecomeTheEventQt()
{
    install(log::Format::Json);
    qWarning("disk \"%s\"\nis full", "a");
    qCWarning(testCategory) << "mine";
    const QList<QByteArray> got = lines();
    QCOMPARE(got.size(), 2);
    const auto member = [](const QByteArray &line, const char *name) {
        return QJsonDocument::fromJson(line).object().value(QLatin1String(name)).toString();
    };
    QCOMPARE(member(got[0], "level"), QStringLiteral("warning"));
    QCOMPARE(member(got[0], "category"), QStringLiteral("default"));
    QCOMPARE(member(got[0], "event"), QStringLiteral("qt"));
    QCOMPARE(member(got[0], "message"), QStringLiteral("disk \"a\"\nis full"));
    QCOMPARE(member(got[1], "category"), QStringLiteral("test"));
    QCOMPARE(member(got[1], "message"), QStringLiteral("mine"));
}

void TestLog::debugOfQtStaysOff()
{
    install(log::Format::Text, log::Level::Debug);
    const QLoggingCategory qtCategory("qt.network.ssl");
    QVERIFY(!qtCategory.isDebugEnabled());
    QVERIFY(qtCategory.isInfoEnabled());
    QVERIFY(testCategory().isDebugEnabled());
}

void TestLog::linesOfManyThreadsNeverMix()
{
    install(log::Format::Json);
    constexpr int threadCount = 4;
    constexpr int each = 500;
    std::vector<std::thread> threads;
    for (int t = 0; t < threadCount; ++t) {
        threads.emplace_back([t] {
            const std::string text(200, char('a' + t));
            for (int i = 0; i < each; ++i)
                log::info(testCategory(), "test.line", {{"thread", t}, {"i", i}, {"text", text}});
        });
    }
    for (std::thread &thread : threads)
        thread.join();

    QSet<std::pair<int, int>> seen;
    const QList<QByteArray> got = lines();
    for (const QByteArray &line : got) {
        const QJsonObject object = QJsonDocument::fromJson(line).object();
        const int thread = object.value(QLatin1String("thread")).toInt(-1);
        QCOMPARE(object.value(QLatin1String("text")).toString(),
                 QString(200, QLatin1Char(char('a' + thread))));
        seen.insert({thread, object.value(QLatin1String("i")).toInt()});
    }
    QCOMPARE(got.size(), threadCount * each);
    QCOMPARE(seen.size(), threadCount * each);
}

void TestLog::suppressedLinesAreCounted()
{
    install(log::Format::Text, log::Level::Info, 1000000);
    install(log::Format::Text, log::Level::Info, 2);
    constexpr int count = 100;
    for (int i = 0; i < count; ++i)
        log::info(testCategory(), "test.often", {{"i", i}});
    log::flush();

    // However long it took, what was written and what is told as suppressed are together what was logged.
    int written = 0;
    int suppressed = 0;
    const QList<QByteArray> got = lines();
    for (const QByteArray &line : got) {
        const QByteArray told = "warning log log.suppressed of=test.often count=";
        if (line.startsWith("info test test.often i="))
            ++written;
        else if (line.startsWith(told))
            suppressed += line.mid(told.size()).toInt();
        else
            QFAIL(line.constData());
    }
    QVERIFY(written >= 2);
    QCOMPARE(written + suppressed, count);
}

void TestLog::errorsAreNeverSuppressed()
{
    install(log::Format::Text, log::Level::Debug, 1);
    for (int i = 0; i < 20; ++i) {
        log::error(testCategory(), "test.error");
        log::debug(testCategory(), "test.debug");
    }
    QCOMPARE(lines().size(), 40);
}

void TestLog::aFullPipeLosesLinesInsteadOfBlocking()
{
    int pipe[2];
    QCOMPARE(::pipe2(pipe, O_NONBLOCK), 0);
    const QByteArray filler(4096, 'x');
    while (::write(pipe[1], filler.constData(), 4096) > 0) { }

    log::Settings settings;
    settings.perSecond = 0;
    settings.descriptor = pipe[1];
    log::install(settings);
    for (int i = 0; i < 3; ++i)
        log::info(testCategory(), "test.lost");

    QByteArray buffer(1 << 20, '\0');
    QVERIFY(::read(pipe[0], buffer.data(), std::size_t(buffer.size())) > 0);
    log::info(testCategory(), "test.kept");
    const ssize_t size = ::read(pipe[0], buffer.data(), std::size_t(buffer.size()));
    QVERIFY(size > 0);
    const QList<QByteArray> got = buffer.first(size).split('\n');
    QCOMPARE(got.size(), 3);
    QVERIFY2(got[0].endsWith("warning log log.lost count=3"), got[0].constData());
    QVERIFY2(got[1].endsWith("info test test.kept"), got[1].constData());

    log::install(log::Format::Text);
    ::close(pipe[0]);
    ::close(pipe[1]);
}

QTEST_APPLESS_MAIN(TestLog)
#include "tst_log.moc"
