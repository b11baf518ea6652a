// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/internalendpoints.h"

#include <QTest>

#include <optional>

using namespace msgsrv;

class TestInternalEndpoints : public QObject
{
    Q_OBJECT

private slots:
    void livezAnswersAsLongAsTheLoopTurns();
    void readyzNamesWhatFailed();
    void metricsAreInPrometheusText();
    void everythingIsReadOnly();
};

namespace {

HttpResponse get(const InternalEndpoints &endpoints, const QByteArray &path)
{
    HttpRequest request;
    request.method = "GET";
    request.path = path;
    for (const HttpRoute &route : endpoints.routes()) {
        if (route.path != path)
            continue;
        std::optional<HttpResponse> result;
        route.handler(request, [&result](HttpResponse response) { result = std::move(response); });
        return result.value();
    }
    return {};
}

QByteArray contentType(const HttpResponse &response)
{
    for (const auto &[name, value] : response.headers) {
        if (name == "Content-Type")
            return value;
    }
    return {};
}

} // namespace

void TestInternalEndpoints::livezAnswersAsLongAsTheLoopTurns()
{
    const Metrics metrics;
    const InternalEndpoints endpoints(metrics, [] { return std::vector<QByteArray>{"The store is away."}; });
    QCOMPARE(get(endpoints, "/livez").status, 200);
    QCOMPARE(get(endpoints, "/livez").body, QByteArray("{\"status\":\"alive\"}"));
}

void TestInternalEndpoints::readyzNamesWhatFailed()
{
    const Metrics metrics;
    std::vector<QByteArray> failed;
    const InternalEndpoints endpoints(metrics, [&failed] { return failed; });
    QCOMPARE(get(endpoints, "/readyz").status, 200);
    QCOMPARE(get(endpoints, "/readyz").body, QByteArray("{\"status\":\"ready\",\"failed\":[]}"));

    failed = {"The store is away.", "Draining \"now\"."};
    QCOMPARE(get(endpoints, "/readyz").status, 503);
    const QByteArray expected(
        R"({"status":"not ready","failed":["The store is away.","Draining \"now\"."]})");
    QCOMPARE(get(endpoints, "/readyz").body, expected);
    QCOMPARE(contentType(get(endpoints, "/readyz")), QByteArray("application/json"));

    failed.clear();
    QCOMPARE(get(endpoints, "/readyz").status, 200);
}

void TestInternalEndpoints::metricsAreInPrometheusText()
{
    Metrics metrics;
    metrics.counter("messaging_test_total", "A counter of this test.").Increment(3);
    const InternalEndpoints endpoints(metrics, [] { return std::vector<QByteArray>(); });
    const HttpResponse response = get(endpoints, "/metrics");
    QCOMPARE(response.status, 200);
    QVERIFY(contentType(response).startsWith("text/plain; version=0.0.4"));
    QVERIFY(response.body.contains("messaging_test_total 3"));
}

void TestInternalEndpoints::everythingIsReadOnly()
{
    const Metrics metrics;
    const InternalEndpoints endpoints(metrics, [] { return std::vector<QByteArray>(); });
    const std::vector<HttpRoute> routes = endpoints.routes();
    QCOMPARE(routes.size(), std::size_t(3));
    for (const HttpRoute &route : routes)
        QCOMPARE(route.methods, std::vector<QByteArray>{"GET"});
}

QTEST_APPLESS_MAIN(TestInternalEndpoints)
#include "tst_internalendpoints.moc"
