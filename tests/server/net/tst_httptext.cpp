// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/httptext.h"

#include "server/net/httphead.h"

#include <QRegularExpression>
#include <QTest>

using namespace msgsrv;

class HttpTextTest : public QObject
{
    Q_OBJECT

private slots:
    void anAnswerIsWhole()
    {
        const HttpResponse response{200, {{"Content-Type", "text/plain"}}, "hello"};
        const QByteArray text = QByteArray::fromStdString(responseText(response, false));
        const QRegularExpression expected(QStringLiteral(
            "^HTTP/1\\.1 200 OK\r\nContent-Type: text/plain\r\n"
            "Date: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), \\d\\d [A-Z][a-z][a-z] \\d{4} \\d\\d:\\d\\d:\\d\\d GMT\r\n"
            "Content-Length: 5\r\n\r\nhello$"));
        QVERIFY2(expected.match(QString::fromLatin1(text)).hasMatch(), text.constData());
    }

    void anAnswerMaySayThatItIsTheLast()
    {
        QVERIFY(responseText({200, {}, {}}, true).find("\r\nConnection: close\r\n") != std::string::npos);
        QVERIFY(responseText({200, {}, {}}, false).find("Connection") == std::string::npos);
    }

    void noContentHasNoLength()
    {
        QVERIFY(responseText({204, {}, {}}, false).find("Content-Length") == std::string::npos);
        QVERIFY(responseText({200, {}, {}}, false).find("\r\nContent-Length: 0\r\n") != std::string::npos);
    }

    void everyStatusOfOursHasAPhrase()
    {
        for (const int status : {200, 202, 204, 304, 400, 401, 403, 404, 405, 408, 409,
                                 411, 413, 414, 415, 417, 429, 431, 500, 501, 503, 505})
            QVERIFY2(!reasonPhrase(status).empty(), QByteArray::number(status).constData());
        QVERIFY(reasonPhrase(299).empty());
    }

    void theRequestForQtHasNoFieldOfTheClients()
    {
        HttpHead head;
        head.method = "POST";
        head.path = "/connect";
        head.headers = {{"cookie", "secret"}, {"transfer-encoding", "chunked"}};
        QCOMPARE(canonicalRequest(head, "a=b"),
                 QByteArray("POST /connect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\na=b"));
    }
};

QTEST_APPLESS_MAIN(HttpTextTest)
#include "tst_httptext.moc"
