// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/problemresponse.h"

#include <QDateTime>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

using namespace msgsrv;

class TestProblemResponse : public QObject
{
    Q_OBJECT

private slots:
    void isAProblemDocumentWithThePathAndTheTime();
    void asksForAKeyWith401Only();
    void saysWhenToTryAgain_data();
    void saysWhenToTryAgain();
};

namespace {

QByteArray headerOf(const HttpResponse &response, const QByteArray &name)
{
    for (const auto &[key, value] : response.headers) {
        if (key.compare(name, Qt::CaseInsensitive) == 0)
            return value;
    }
    return {};
}

} // namespace

void TestProblemResponse::isAProblemDocumentWithThePathAndTheTime()
{
    const qint64 before = QDateTime::currentMSecsSinceEpoch();
    const HttpResponse response = problemResponse({ProblemCause::NotFound, "Nothing is here.", 0}, "/a%20b");
    QCOMPARE(response.status, 404);
    QCOMPARE(headerOf(response, "Content-Type"), QByteArray("application/problem+json"));
    QCOMPARE(headerOf(response, "Cache-Control"), QByteArray("no-store"));
    QCOMPARE(headerOf(response, "X-Content-Type-Options"), QByteArray("nosniff"));
    const QJsonObject json = QJsonDocument::fromJson(response.body).object();
    QCOMPARE(json[u"path"].toString(), QStringLiteral("/a%20b"));
    QCOMPARE(json[u"detail"].toString(), QStringLiteral("Nothing is here."));
    QVERIFY(json[u"timestamp"].toInteger() >= before);
    QVERIFY(json[u"timestamp"].toInteger() <= QDateTime::currentMSecsSinceEpoch());
}

void TestProblemResponse::asksForAKeyWith401Only()
{
    QCOMPARE(headerOf(problemResponse({ProblemCause::UnknownKey, {}, 0}, "/"), "WWW-Authenticate"),
             QByteArray("Bearer"));
    QCOMPARE(headerOf(problemResponse({ProblemCause::Unauthenticated, {}, 0}, "/"), "WWW-Authenticate"),
             QByteArray("Bearer"));
    QVERIFY(headerOf(problemResponse({ProblemCause::NotYours, {}, 0}, "/"), "WWW-Authenticate").isNull());
}

void TestProblemResponse::saysWhenToTryAgain_data()
{
    QTest::addColumn<int>("cause");
    QTest::addColumn<int>("given");
    QTest::addColumn<QByteArray>("header");
    QTest::newRow("queue full") << int(ProblemCause::QueueFull) << 0 << QByteArray("1");
    QTest::newRow("rate") << int(ProblemCause::RateLimited) << 7 << QByteArray("7");
    QTest::newRow("draining") << int(ProblemCause::Draining) << 0 << QByteArray("5");
    QTest::newRow("unavailable") << int(ProblemCause::Unavailable) << 30 << QByteArray("30");
    QTest::newRow("no time for others") << int(ProblemCause::UserIdTaken) << 0 << QByteArray();
    QTest::newRow("unless given") << int(ProblemCause::UserIdTaken) << 3 << QByteArray("3");
}

void TestProblemResponse::saysWhenToTryAgain()
{
    QFETCH(int, cause);
    QFETCH(int, given);
    QFETCH(QByteArray, header);
    QCOMPARE(headerOf(problemResponse({ProblemCause(cause), {}, given}, "/"), "Retry-After"), header);
}

QTEST_APPLESS_MAIN(TestProblemResponse)
#include "tst_problemresponse.moc"
