// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/plainstream.h"

#include <QTest>

#include <array>
#include <fcntl.h>
#include <memory>
#include <sys/socket.h>
#include <unistd.h>

using namespace msgsrv;

namespace {

struct RecordingReader final : Stream::Reader
{
    void onReadable() override
    {
        ++readable;
        std::array<char, 64> buffer{};
        for (qint64 size = 0; reads && (size = stream->read(buffer.data(), qint64(buffer.size()))) > 0;)
            received.append(buffer.data(), qsizetype(size));
    }
    void onBytesTaken() override { ++taken; }
    void onPeerFinished() override { ++finished; }
    void onGone() override { ++gone; }

    Stream *stream = nullptr;
    bool reads = true;
    QByteArray received;
    int readable = 0;
    int taken = 0;
    int finished = 0;
    int gone = 0;
};

} // namespace

class PlainStreamTest : public QObject
{
    Q_OBJECT

    TurnEnd m_turnEnd;
    std::unique_ptr<RecordingReader> m_reader;
    std::unique_ptr<PlainStream> m_stream;
    int m_peer = -1;
    int m_descriptor = -1;

private slots:
    void init()
    {
        std::array<int, 2> ends{};
        QCOMPARE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
        m_descriptor = ends[0];
        m_peer = ends[1];
        m_reader = std::make_unique<RecordingReader>();
        m_stream = std::make_unique<PlainStream>(m_descriptor, *m_reader, m_turnEnd);
        m_reader->stream = m_stream.get();
    }

    void cleanup()
    {
        m_stream.reset();
        if (m_peer >= 0)
            ::close(m_peer);
        m_peer = -1;
    }

    void bytesArriveInOrder()
    {
        const QByteArray sent = QByteArray(1000, 'a') + "end";
        QCOMPARE(::write(m_peer, sent.constData(), std::size_t(sent.size())), ssize_t(sent.size()));
        QTRY_COMPARE(m_reader->received, sent);
        QCOMPARE(m_reader->gone, 0);
    }

    void whatOneTurnWritesLeavesTogether()
    {
        m_stream->write("one ");
        m_stream->write("two ");
        m_stream->write("three");
        QCOMPARE(m_stream->bytesQueued(), qint64(13));
        QCOMPARE(readPeer(), QByteArray());
        QTRY_COMPARE(m_stream->bytesQueued(), qint64(0));
        QCOMPARE(readPeer(), QByteArray("one two three"));
        QCOMPARE(m_reader->taken, 1);
    }

    void aPeerThatDoesNotReadLetsBytesQueueAndGetsThemAll()
    {
        const std::string chunk(1'000'000, 'x');
        for (int i = 0; i < 8; ++i)
            m_stream->write(chunk);
        QTRY_VERIFY(m_reader->taken > 0);
        QVERIFY(m_stream->bytesQueued() > 0);
        qsizetype got = 0;
        QTRY_VERIFY_WITH_TIMEOUT((got += readPeer().size()) == 8'000'000, 20'000);
        QTRY_COMPARE(m_stream->bytesQueued(), qint64(0));
    }

    void aFullKernelBufferIsNoBusyLoop()
    {
        m_stream->write(std::string(8'000'000, 'x'));
        QTRY_VERIFY(m_reader->taken > 0);
        const int before = m_reader->taken;
        for (int i = 0; i < 100; ++i)
            QCoreApplication::processEvents();
        QCOMPARE(m_reader->taken, before); // nothing was taken, so nothing is said
    }

    void readingCanPause()
    {
        m_stream->setReading(false);
        QCOMPARE(::write(m_peer, "abc", 3), ssize_t(3));
        for (int i = 0; i < 10; ++i)
            QCoreApplication::processEvents();
        QCOMPARE(m_reader->readable, 0);
        m_stream->setReading(true);
        QTRY_COMPARE(m_reader->received, QByteArray("abc"));
    }

    void aPeerThatFinishesMayStillRead()
    {
        QCOMPARE(::write(m_peer, "bye", 3), ssize_t(3));
        QCOMPARE(::shutdown(m_peer, SHUT_WR), 0);
        QTRY_COMPARE(m_reader->finished, 1);
        QCOMPARE(m_reader->received, QByteArray("bye"));
        m_stream->write("answer");
        QTRY_COMPARE(m_stream->bytesQueued(), qint64(0));
        QCOMPARE(readPeer(), QByteArray("answer"));
        QCOMPARE(m_reader->gone, 0);
        QCOMPARE(m_reader->finished, 1);
    }

    void aPeerThatIsGoneIsNoticedByWriting()
    {
        m_reader->reads = false;
        ::close(m_peer);
        m_peer = -1;
        m_stream->write("nobody reads this");
        QTRY_COMPARE(m_reader->gone, 1);
        QCOMPARE(m_stream->bytesQueued(), qint64(0));
        m_stream->write("nor this");
        QCoreApplication::processEvents();
        QCOMPARE(m_reader->gone, 1);
    }

    void theEndCanBeSaid()
    {
        m_stream->finishWriting(true);
        std::array<char, 4> buffer{};
        QCOMPARE(::read(m_peer, buffer.data(), buffer.size()), ssize_t(0));
        QCOMPARE(::write(m_peer, "more", 4), ssize_t(4));
        QTRY_COMPARE(m_reader->received, QByteArray("more"));
    }

    void abortingClosesTheDescriptorAndSaysNothing()
    {
        m_stream->write("lost");
        m_stream->abort();
        QCOMPARE(::fcntl(m_descriptor, F_GETFD), -1);
        std::array<char, 4> buffer{};
        QCOMPARE(::read(m_peer, buffer.data(), buffer.size()), ssize_t(0));
        QCoreApplication::processEvents();
        QCOMPARE(m_reader->gone, 0);
        QCOMPARE(m_reader->taken, 0);
    }

private:
    QByteArray readPeer()
    {
        QByteArray all;
        std::array<char, 65536> buffer{};
        for (ssize_t size = 0; (size = ::read(m_peer, buffer.data(), buffer.size())) > 0;)
            all.append(buffer.data(), qsizetype(size));
        QCoreApplication::processEvents();
        return all;
    }
};

QTEST_GUILESS_MAIN(PlainStreamTest)
#include "tst_plainstream.moc"
