// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/httprouter.h"

#include <QTest>

#include <optional>

using namespace msgsrv;

class HttpRouterTest : public QObject
{
    Q_OBJECT

    QByteArray m_served;
    HttpRouter m_router{{{"/both", {"GET", "POST"}, handler("both")},
                         {"/post", {"POST", "OPTIONS"}, handler("post"), true},
                         {"/", {"GET"}, handler("root")}}};

    HttpHandler handler(const QByteArray &name)
    {
        return [this, name](const HttpRequest &request, const HttpReply &reply) {
            m_served = name + " " + request.method;
            reply({});
        };
    }

    HttpResponse serve(const QByteArray &method, const QByteArray &path)
    {
        HttpRequest request;
        request.method = method;
        request.path = path;
        m_served.clear();
        std::optional<HttpResponse> answer;
        m_router.serve(request, [&](const HttpResponse &response) { answer = response; });
        return answer.value();
    }

    static QByteArray allow(const HttpResponse &response)
    {
        for (const auto &[name, value] : response.headers) {
            if (name == "Allow")
                return value;
        }
        return {};
    }

private slots:
    void pathsAreExact()
    {
        QCOMPARE(serve("GET", "/both").status, 200);
        QCOMPARE(m_served, QByteArray("both GET"));
        QCOMPARE(serve("POST", "/post").status, 200);
        QCOMPARE(m_served, QByteArray("post POST"));
        for (const char *path : {"/both/", "/Both", "/bot", "//", "", "/both?x"}) {
            QCOMPARE(serve("GET", path).status, 404);
            QCOMPARE(m_served, QByteArray());
        }
    }

    void headIsServedWhereGetIs()
    {
        QCOMPARE(serve("HEAD", "/").status, 200);
        QCOMPARE(m_served, QByteArray("root HEAD"));
        QCOMPARE(serve("HEAD", "/post").status, 405);
    }

    void otherMethodsAreToldWhatIsAllowed()
    {
        const HttpResponse response = serve("DELETE", "/both");
        QCOMPARE(response.status, 405);
        QCOMPARE(allow(response), QByteArray("GET, POST, HEAD"));
        QCOMPARE(allow(serve("GET", "/post")), QByteArray("POST, OPTIONS"));
        QCOMPARE(m_served, QByteArray());
        QCOMPARE(m_router.allowed("/nowhere"), QByteArray());
    }

    void routesAreFoundWithTheirFlags()
    {
        QVERIFY(m_router.find("/post")->isHot);
        QVERIFY(!m_router.find("/both")->isHot);
        QVERIFY(!m_router.find("/nowhere"));
    }
};

QTEST_APPLESS_MAIN(HttpRouterTest)
#include "tst_httprouter.moc"
