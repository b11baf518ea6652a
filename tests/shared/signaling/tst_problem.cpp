// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/signaling/problem.h"

#include "shared/base/json.h"

#include <QSet>
#include <QTest>

using namespace msgsrv;

class TestProblem : public QObject
{
    Q_OBJECT

private slots:
    void hasTheStatusOfItsCause_data();
    void hasTheStatusOfItsCause();
    void hasAUrnOfItsOwnForEveryCause();
    void writesTheMembersOfRfc9457AndThoseOfTheFormerServer();
    void escapesWhatItQuotes();
};

void TestProblem::hasTheStatusOfItsCause_data()
{
    QTest::addColumn<int>("cause");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("urn");
    const auto row = [](ProblemCause cause, int status, const char *name) {
        QTest::newRow(name) << int(cause) << status << QByteArray("urn:messaging-server:problem:") + name;
    };
    row(ProblemCause::MalformedRequest, 400, "malformed-request");
    row(ProblemCause::InvalidContent, 400, "invalid-content");
    row(ProblemCause::Unauthenticated, 401, "unauthenticated");
    row(ProblemCause::UnknownKey, 401, "unknown-key");
    row(ProblemCause::NotYours, 403, "not-yours");
    row(ProblemCause::OriginRefused, 403, "origin-refused");
    row(ProblemCause::RecipientUnknown, 404, "recipient-unknown");
    row(ProblemCause::NotFound, 404, "not-found");
    row(ProblemCause::MethodNotAllowed, 405, "method-not-allowed");
    row(ProblemCause::RequestTimeout, 408, "request-timeout");
    row(ProblemCause::UserIdTaken, 409, "user-id-taken");
    row(ProblemCause::LengthRequired, 411, "length-required");
    row(ProblemCause::ContentTooLarge, 413, "content-too-large");
    row(ProblemCause::UriTooLong, 414, "uri-too-long");
    row(ProblemCause::UnsupportedMediaType, 415, "unsupported-media-type");
    row(ProblemCause::QueueFull, 429, "queue-full");
    row(ProblemCause::RateLimited, 429, "rate-limited");
    row(ProblemCause::HeadersTooLarge, 431, "headers-too-large");
    row(ProblemCause::InternalError, 500, "internal-error");
    row(ProblemCause::Draining, 503, "draining");
    row(ProblemCause::Unavailable, 503, "unavailable");
    row(ProblemCause::Overloaded, 503, "overloaded");
    row(ProblemCause::SenderUnknown, 404, "sender-unknown");
    row(ProblemCause::InvalidMember, 400, "invalid-member");
    row(ProblemCause::MessageUnknown, 404, "message-unknown");
    row(ProblemCause::PresenceOff, 403, "presence-off");
}

void TestProblem::hasTheStatusOfItsCause()
{
    QFETCH(int, cause);
    QFETCH(int, status);
    QFETCH(QByteArray, urn);
    const Problem problem{ProblemCause(cause), {}, 0};
    QCOMPARE(problem.status(), status);
    QCOMPARE(problem.type(), urn);
    QVERIFY(!problem.title().isEmpty());
}

void TestProblem::hasAUrnOfItsOwnForEveryCause()
{
    QSet<QByteArray> urns;
    const int count = int(ProblemCause::PresenceOff) + 1;
    for (int i = 0; i < count; ++i)
        urns.insert(Problem{ProblemCause(i), {}, 0}.type());
    QCOMPARE(urns.size(), count);
}

void TestProblem::writesTheMembersOfRfc9457AndThoseOfTheFormerServer()
{
    const Problem problem{ProblemCause::UserIdTaken, "The user id \xC3\xA4 is in use.", 0};
    QCOMPARE(
        problem.toJson("/connect", 1700000000123),
        QByteArray("{\"type\":\"urn:messaging-server:problem:user-id-taken\",\"title\":\"User id taken\","
                   "\"status\":409,\"detail\":\"The user id \xC3\xA4 is in use.\","
                   "\"message\":\"The user id \xC3\xA4 is in use.\",\"error\":\"User id taken\","
                   "\"path\":\"/connect\",\"timestamp\":1700000000123}"));
}

void TestProblem::escapesWhatItQuotes()
{
    const Problem problem{ProblemCause::NotFound, "\"\\\n\xFF", 0};
    const QByteArray json = problem.toJson("/\"\x01", 0);
    const auto members = readJsonObject(json.toStdString());
    QVERIFY(members);
    QVERIFY(json.contains(R"("path":"/\"\u0001")"));
    QVERIFY(json.contains("\"detail\":\"\\\"\\\\\\n\xEF\xBF\xBD\""));
}

QTEST_APPLESS_MAIN(TestProblem)
#include "tst_problem.moc"
