// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/virtualsocket.h"

#include <QPointer>
#include <QSignalSpy>
#include <QTest>

using namespace msgsrv;

namespace {

struct RecordingWire final : VirtualSocket::Wire
{
    void writeToPeer(const char *bytes, qint64 size) override { written.append(bytes, size); }
    [[nodiscard]] qint64 bytesToPeer() const override { return written.size(); }
    void virtualSocketClosed() override { ++closed; }
    void virtualSocketDestroyed() override { ++destroyed; }

    QByteArray written;
    int closed = 0;
    int destroyed = 0;
};

} // namespace

class VirtualSocketTest : public QObject
{
    Q_OBJECT

private:
    RecordingWire m_wire;
    std::unique_ptr<VirtualSocket> m_socket;

private slots:
    void init()
    {
        m_wire = {};
        m_socket = std::make_unique<VirtualSocket>(&m_wire, QHostAddress(QStringLiteral("192.0.2.7")),
                                                   quint16(4711), QHostAddress(QHostAddress::LocalHost),
                                                   quint16(80));
    }
    void cleanup() { m_socket.reset(); }

    void itLooksLikeAConnectedSocket()
    {
        QCOMPARE(m_socket->state(), QAbstractSocket::ConnectedState);
        QVERIFY(m_socket->isValid());
        QCOMPARE(m_socket->peerAddress(), QHostAddress(QStringLiteral("192.0.2.7")));
        QCOMPARE(m_socket->peerPort(), quint16(4711));
        QCOMPARE(m_socket->localPort(), quint16(80));
    }

    void whatIsFedCanBeReadPeekedAndReadAsLines()
    {
        int ready = 0;
        connect(m_socket.get(), &QIODevice::readyRead, this, [&ready] { ++ready; });
        m_socket->feed("one\ntwo\nthree", 13);
        QCOMPARE(ready, 1);
        QCOMPARE(m_socket->bytesAvailable(), 13);
        QCOMPARE(m_socket->peek(3), QByteArray("one"));
        QCOMPARE(m_socket->bytesAvailable(), 13);
        QCOMPARE(m_socket->readLine(), QByteArray("one\n"));
        QCOMPARE(m_socket->skip(4), 4);
        QCOMPARE(m_socket->readAll(), QByteArray("three"));
        QCOMPARE(m_socket->bytesAvailable(), 0);
        QCOMPARE(m_socket->read(10), QByteArray());
    }

    void aTransactionCanBeRolledBack()
    {
        m_socket->feed("abc", 3);
        m_socket->startTransaction();
        QCOMPARE(m_socket->read(2), QByteArray("ab"));
        m_socket->rollbackTransaction();
        m_socket->feed("def", 3);
        QCOMPARE(m_socket->readAll(), QByteArray("abcdef"));
    }

    void whatIsWrittenGoesToTheWire()
    {
        QCOMPARE(m_socket->write("hello"), 5);
        QCOMPARE(m_wire.written, QByteArray("hello"));
        QCOMPARE(m_socket->bytesToWrite(), 5);
    }

    void closingTellsTheWireOnceAndEmitsWhatASocketEmits_data()
    {
        QTest::addColumn<int>("how");
        QTest::newRow("close") << 0;
        QTest::newRow("disconnectFromHost") << 1;
        QTest::newRow("abort") << 2;
    }
    void closingTellsTheWireOnceAndEmitsWhatASocketEmits()
    {
        QFETCH(int, how);
        QSignalSpy disconnected(m_socket.get(), &QAbstractSocket::disconnected);
        QSignalSpy states(m_socket.get(), &QAbstractSocket::stateChanged);
        for (int i = 0; i < 2; ++i) {
            if (how == 0)
                m_socket->close();
            else if (how == 1)
                m_socket->disconnectFromHost();
            else
                m_socket->abort();
        }
        QCOMPARE(m_wire.closed, 1);
        QCOMPARE(disconnected.count(), 1);
        QCOMPARE(states.count(), 1);
        QCOMPARE(m_socket->write("late"), -1);
        m_socket->feed("late", 4);
        QCOMPARE(m_socket->bytesAvailable(), 0);
        m_socket.reset();
        QCOMPARE(m_wire.destroyed, 0);
    }

    void aPeerThatGoesAwayEndsItWithoutACallToTheWire()
    {
        QSignalSpy disconnected(m_socket.get(), &QAbstractSocket::disconnected);
        m_socket->hangUp();
        QCOMPARE(disconnected.count(), 1);
        QCOMPARE(m_socket->state(), QAbstractSocket::UnconnectedState);
        m_socket.reset();
        QCOMPARE(m_wire.closed, 0);
        QCOMPARE(m_wire.destroyed, 0);
    }

    void theWireLearnsOfADeletion()
    {
        m_socket.reset();
        QCOMPARE(m_wire.destroyed, 1);
        QCOMPARE(m_wire.closed, 0);
    }

    void whatWasReadDoesNotPileUp()
    {
        const QByteArray chunk(10'000, 'x');
        for (int i = 0; i < 1000; ++i) {
            m_socket->feed(chunk.constData(), chunk.size());
            QCOMPARE(m_socket->read(chunk.size()).size(), chunk.size());
            QCOMPARE(m_socket->unread(), 0);
        }
    }
};

QTEST_GUILESS_MAIN(VirtualSocketTest)
#include "tst_virtualsocket.moc"
