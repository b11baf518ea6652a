// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/websocket/frame.h"

#include <QTest>

using namespace msgsrv::websocket;

class FrameTest : public QObject
{
    Q_OBJECT

private slots:
    void framesOfAServerAreWholeAndNotMasked_data()
    {
        QTest::addColumn<qsizetype>("size");
        QTest::addColumn<QByteArray>("head");
        QTest::newRow("0") << qsizetype(0) << QByteArray("\x81\x00", 2);
        QTest::newRow("125") << qsizetype(125) << QByteArray("\x81\x7D");
        QTest::newRow("126") << qsizetype(126) << QByteArray("\x81\x7E\x00\x7E", 4);
        QTest::newRow("65535") << qsizetype(65535) << QByteArray("\x81\x7E\xFF\xFF");
        QTest::newRow("65536") << qsizetype(65536) << QByteArray("\x81\x7F\0\0\0\0\0\1\0\0", 10);
    }
    void framesOfAServerAreWholeAndNotMasked()
    {
        QFETCH(qsizetype, size);
        QFETCH(QByteArray, head);
        const std::string payload(std::size_t(size), 'p');
        std::string out = "before";
        appendFrame(out, Opcode::Text, payload);
        QCOMPARE(QByteArray::fromStdString(out), "before" + head + QByteArray::fromStdString(payload));
        std::string headOnly;
        appendFrameHead(headOnly, Opcode::Text, payload.size());
        QCOMPARE(QByteArray::fromStdString(headOnly), head);
    }

    void aMaskOfZerosLeavesThePayload()
    {
        std::string out;
        appendMaskedFrame(out, Opcode::Ping, "abc");
        QCOMPARE(QByteArray::fromStdString(out), QByteArray("\x89\x83\0\0\0\0abc", 9));
    }

    void aCloseReasonIsCutBetweenTwoCharacters()
    {
        QCOMPARE(closePayload(4001, "bye"),
                 std::string("\x0F\xA1"
                             "bye"));
        const std::string euros = "x" + std::string(3 * 60, '\0').replace(0, 180, [] {
            std::string text;
            for (int i = 0; i < 60; ++i)
                text += "\xE2\x82\xAC";
            return text;
        }());
        const std::string payload = closePayload(1000, euros);
        QCOMPARE(payload.size(), std::size_t(2 + 1 + 40 * 3));
        QCOMPARE(payload.substr(2), euros.substr(0, 121));
    }
};

QTEST_GUILESS_MAIN(FrameTest)
#include "tst_frame.moc"
