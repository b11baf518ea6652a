// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/httppipeline.h"

#include <QTest>

using namespace msgsrv;

namespace {

const QByteArray post = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";

HttpPipeline pipeline(std::int64_t bodyLimit = 0)
{
    return {HttpHeadLimits{}, bodyLimit};
}

HttpPipeline::Wait waitOf(HttpPipeline &p)
{
    const HttpPipeline::Step step = p.next();
    const auto *more = std::get_if<HttpPipeline::NeedMore>(&step);
    Q_ASSERT(more);
    return more->wait;
}

} // namespace

class HttpPipelineTest : public QObject
{
    Q_OBJECT

private slots:
    void aRequestIsTheSameHoweverItIsCut()
    {
        for (qsizetype cut = 0; cut <= post.size(); ++cut) {
            HttpPipeline p = pipeline();
            p.append(post.first(cut));
            if (cut == 0) {
                QCOMPARE(waitOf(p), HttpPipeline::Wait::NextRequest);
            } else if (cut < post.size()) {
                QCOMPARE(waitOf(p),
                         cut < post.size() - 3 ? HttpPipeline::Wait::Head : HttpPipeline::Wait::Body);
            }
            p.append(post.sliced(cut));
            HttpPipeline::Step step = p.next();
            const auto *request = std::get_if<HttpPipeline::Request>(&step);
            QVERIFY(request);
            QCOMPARE(request->head.path, std::string("/a"));
            QCOMPARE(request->body, QByteArray("abc"));
            QCOMPARE(waitOf(p), HttpPipeline::Wait::NextRequest);
        }
    }

    void pipelinedRequestsComeOneByOneInOrder()
    {
        HttpPipeline p = pipeline();
        p.append(post + "GET /b HTTP/1.1\r\nHost: h\r\n\r\n" + post);
        for (const char *path : {"/a", "/b", "/a"}) {
            HttpPipeline::Step step = p.next();
            const auto *request = std::get_if<HttpPipeline::Request>(&step);
            QVERIFY(request);
            QCOMPARE(request->head.path, std::string(path));
        }
        QCOMPARE(p.buffered(), 0);
    }

    void aBodyAtTheLimitPassesAndOneOctetMoreFailsBeforeItArrives()
    {
        HttpPipeline fits = pipeline(3);
        fits.append(post);
        QVERIFY(std::holds_alternative<HttpPipeline::Request>(fits.next()));

        HttpPipeline tooLarge = pipeline(2);
        tooLarge.append(post.first(post.size() - 3));
        const HttpPipeline::Step step = tooLarge.next();
        const auto *failure = std::get_if<HttpPipeline::Failure>(&step);
        QVERIFY(failure);
        QCOMPARE(failure->status, 413);
    }

    void continueIsAskedOnceAndOnlyWhileTheBodyIsMissing()
    {
        const QByteArray head
            = "POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
        HttpPipeline waiting = pipeline();
        waiting.append(head);
        QVERIFY(std::holds_alternative<HttpPipeline::SendContinue>(waiting.next()));
        QCOMPARE(waitOf(waiting), HttpPipeline::Wait::Body);
        waiting.append("abc");
        QVERIFY(std::holds_alternative<HttpPipeline::Request>(waiting.next()));

        HttpPipeline whole = pipeline();
        whole.append(head + "abc");
        QVERIFY(std::holds_alternative<HttpPipeline::Request>(whole.next()));
    }

    void anUpgradeCarriesTheFramesBehindIt()
    {
        HttpPipeline p = pipeline();
        p.append("GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nframes");
        HttpPipeline::Step step = p.next();
        const auto *upgrade = std::get_if<HttpPipeline::Upgrade>(&step);
        QVERIFY(upgrade);
        QCOMPARE(upgrade->rest, QByteArray("frames"));
    }

    void aBrokenHeadIsAFailure()
    {
        HttpPipeline p = pipeline();
        p.append("GET / HTTP/1.1\nHost: h\n\n");
        const HttpPipeline::Step step = p.next();
        const auto *failure = std::get_if<HttpPipeline::Failure>(&step);
        QVERIFY(failure);
        QCOMPARE(failure->status, 400);
    }
};

QTEST_GUILESS_MAIN(HttpPipelineTest)
#include "tst_httppipeline.moc"
