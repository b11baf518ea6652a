// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/websocket/framereader.h"

#include <QTest>

#include <vector>

using namespace msgsrv::websocket;

namespace {

/// A client's frame, written without the code under test.
QByteArray frame(int first, const QByteArray &payload, bool masked = true, int lengthBytes = -1)
{
    QByteArray out(1, char(first));
    const auto maskBit = char(masked ? 0x80 : 0);
    if (lengthBytes < 0)
        lengthBytes = payload.size() < 126 ? 0 : payload.size() <= 0xFFFF ? 2 : 8;
    if (lengthBytes == 0)
        out.append(char(maskBit | char(payload.size())));
    else
        out.append(char(maskBit | (lengthBytes == 2 ? 126 : 127)));
    for (int i = lengthBytes - 1; i >= 0; --i)
        out.append(char((quint64(payload.size()) >> (8 * i)) & 0xFF));
    const QByteArray mask = "\x9a\x01\xfe\x7c";
    if (masked)
        out.append(mask);
    for (qsizetype i = 0; i < payload.size(); ++i)
        out.append(masked ? char(payload[i] ^ mask[i % 4]) : payload[i]);
    return out;
}

/// What the reader tells, one line an event.
QByteArrayList read(const QByteArray &bytes, const std::vector<qsizetype> &pieces, MessageLimits limits = {})
{
    FrameReader reader(limits);
    QByteArrayList told;
    qsizetype at = 0;
    std::size_t piece = 0;
    while (at < bytes.size()) {
        const qsizetype size
            = std::min(bytes.size() - at, pieces.empty() ? bytes.size() : pieces[piece++ % pieces.size()]);
        QByteArray part(bytes.constData() + at, size); // ends where it ends, for AddressSanitizer
        at += size;
        std::span<char> rest(part.data(), std::size_t(part.size()));
        for (;;) {
            const FrameEvent event = reader.next(rest);
            const auto text
                = [](std::string_view view) { return QByteArray(view.data(), qsizetype(view.size())); };
            if (std::holds_alternative<NeedMore>(event)) {
                if (!rest.empty())
                    told.append("left bytes unread");
                break;
            }
            if (const auto *message = std::get_if<MessageReceived>(&event))
                told.append((message->isText ? "text:" : "binary:") + text(message->payload));
            else if (const auto *ping = std::get_if<PingReceived>(&event))
                told.append("ping:" + text(ping->payload));
            else if (const auto *pong = std::get_if<PongReceived>(&event))
                told.append("pong:" + text(pong->payload));
            else if (const auto *close = std::get_if<CloseReceived>(&event))
                told.append("close:" + QByteArray::number(close->code) + ":" + text(close->reason));
            else if (const auto *error = std::get_if<FrameError>(&event))
                told.append("error:" + QByteArray::number(statusOf(error->breach)) + ":"
                            + text(error->detail));
        }
    }
    return told;
}

QByteArray code(int number)
{
    return {QByteArray(1, char(number >> 8)) + char(number & 0xFF)};
}

} // namespace

class FrameReaderTest : public QObject
{
    Q_OBJECT

private slots:
    void goodStreamsGiveTheSameWhereverTheyAreCut_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QByteArrayList>("expected");
        const QByteArray euro = "\xE2\x82\xAC";
        const QByteArray clef = "\xF0\x9D\x84\x9E";
        const auto row = [](const char *name, const QByteArray &bytes, const QByteArrayList &expected) {
            QTest::newRow(name) << bytes << expected;
        };
        row("text", frame(0x81, "hello"), {"text:hello"});
        row("empty text", frame(0x81, ""), {"text:"});
        row("empty binary", frame(0x82, ""), {"binary:"});
        row("binary that is not UTF-8", frame(0x82, "\xFF\xFE"), {"binary:\xFF\xFE"});
        for (const qsizetype size : {1, 3, 7, 8, 9, 125, 126, 127, 1000, 65535, 65536, 70000}) {
            QByteArray payload;
            for (qsizetype i = 0; i < size; ++i)
                payload.append(char('a' + i % 23));
            row(QByteArray("size " + QByteArray::number(size)).constData(), frame(0x81, payload),
                {"text:" + payload});
        }
        row("two in one piece", frame(0x81, "one") + frame(0x82, "two"), {"text:one", "binary:two"});
        row("two fragments", frame(0x01, "he") + frame(0x80, "llo"), {"text:hello"});
        row("empty fragments", frame(0x01, "") + frame(0x00, "") + frame(0x80, ""), {"text:"});
        row("empty fragments, then bytes", frame(0x02, "") + frame(0x80, "x"), {"binary:x"});
        row("a message behind a fragmented one", frame(0x01, "a") + frame(0x80, "b") + frame(0x81, "c"),
            {"text:ab", "text:c"});
        row("ping between fragments", frame(0x01, "he") + frame(0x89, "p") + frame(0x80, "llo"),
            {"ping:p", "text:hello"});
        row("close between fragments", frame(0x01, "he") + frame(0x88, ""), {"close:1005:"});
        row("a character over two fragments",
            frame(0x01, "1" + euro.first(1)) + frame(0x80, euro.mid(1) + "2"), {"text:1" + euro + "2"});
        row("a character over four fragments",
            frame(0x01, clef.mid(0, 1)) + frame(0x00, clef.mid(1, 1)) + frame(0x00, clef.mid(2, 1))
                + frame(0x80, clef.mid(3, 1)),
            {"text:" + clef});
        row("ping of 125", frame(0x89, QByteArray(125, 'p')), {"ping:" + QByteArray(125, 'p')});
        row("pong", frame(0x8A, "x"), {"pong:x"});
        row("close without code", frame(0x88, ""), {"close:1005:"});
        row("close with code", frame(0x88, code(1000)), {"close:1000:"});
        row("close with reason", frame(0x88, code(4001) + "bye " + euro), {"close:4001:bye " + euro});
        row("nothing is read behind a close", frame(0x88, code(1001)) + frame(0x81, "x"), {"close:1001:"});
    }
    void goodStreamsGiveTheSameWhereverTheyAreCut() // items 7, 8
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QByteArrayList, expected);
        QCOMPARE(read(bytes, {}), expected);
        QCOMPARE(read(bytes, {1}), expected);
        QCOMPARE(read(bytes, {2, 3, 5}), expected);
        QCOMPARE(read(bytes, {4096}), expected);
        if (bytes.size() < 200) {
            for (qsizetype cut = 1; cut < bytes.size(); ++cut)
                QCOMPARE(read(bytes, {cut, bytes.size()}), expected);
        }
    }

    void brokenStreamsAreRefused_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QByteArray>("error");
        const auto row = [](const char *name, const QByteArray &bytes, const char *error) {
            QTest::newRow(name) << bytes << QByteArray(error);
        };
        row("not masked", frame(0x81, "x", false), "error:1002:frame without a mask");
        row("not masked, empty", frame(0x81, "", false), "error:1002:frame without a mask");
        row("control not masked", frame(0x89, "x", false), "error:1002:frame without a mask");
        for (const int bit : {0x10, 0x20, 0x40})
            row(QByteArray("reserved bit " + QByteArray::number(bit)).constData(), frame(0x81 | bit, "x"),
                "error:1002:reserved bits without an extension");
        for (const int opcode : {0x3, 0x4, 0x7, 0xB, 0xF})
            row(QByteArray("opcode " + QByteArray::number(opcode)).constData(), frame(0x80 | opcode, ""),
                "error:1002:reserved opcode");
        row("fragmented ping", frame(0x09, ""), "error:1002:fragmented control frame");
        row("fragmented close", frame(0x08, ""), "error:1002:fragmented control frame");
        row("ping of 126", frame(0x89, QByteArray(126, 'p')), "error:1002:control frame too long");
        row("continuation of nothing", frame(0x80, "x"), "error:1002:continuation of nothing");
        row("continuation after the end", frame(0x01, "a") + frame(0x80, "b") + frame(0x80, "c"),
            "error:1002:continuation of nothing");
        row("message inside a message", frame(0x01, "a") + frame(0x81, "b"),
            "error:1002:new message inside another one");
        row("length 5 in 2 bytes", frame(0x81, "12345", true, 2),
            "error:1002:length not in its shortest form");
        row("length 5 in 8 bytes", frame(0x81, "12345", true, 8),
            "error:1002:length not in its shortest form");
        row("length above 63 bits", QByteArray("\x82\xFF\x80\0\0\0\0\0\0\0", 10) + "mask",
            "error:1002:length of 64 bits");
        row("text that is not UTF-8", frame(0x81, "a\xFFz"), "error:1007:text that is not UTF-8");
        row("text that ends inside a character", frame(0x81, "a\xE2\x82"),
            "error:1007:text that is not UTF-8");
        row("a surrogate", frame(0x81, "\xED\xA0\x80"), "error:1007:text that is not UTF-8");
        row("an overlong form", frame(0x81, "\xC0\xAF"), "error:1007:text that is not UTF-8");
        row("above U+10FFFF", frame(0x81, "\xF4\x90\x80\x80"), "error:1007:text that is not UTF-8");
        row("told before the last fragment", frame(0x01, "\xF4\x90"), "error:1007:text that is not UTF-8");
        row("a character broken by a fragment's end", frame(0x01, "\xE2") + frame(0x80, "x"),
            "error:1007:text that is not UTF-8");
        row("close with one byte", frame(0x88, "x"), "error:1002:close code of one byte");
        for (const int number : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535})
            row(QByteArray("close " + QByteArray::number(number)).constData(), frame(0x88, code(number)),
                "error:1002:no valid close code");
        row("close reason that is not UTF-8", frame(0x88, code(1000) + "\xFF"),
            "error:1007:close reason that is not UTF-8");
    }
    void brokenStreamsAreRefused() // items 8, 20
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QByteArray, error);
        const QByteArrayList told = read(bytes + frame(0x81, "behind it"), {});
        QCOMPARE(told.last(), error);
        QCOMPARE(told.count(error), 1);
        QCOMPARE(read(bytes + frame(0x81, "behind it"), {1}), told);
    }

    void everyValidCloseCodeIsTaken()
    {
        for (const int number :
             {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999})
            QCOMPARE(read(frame(0x88, code(number)), {}),
                     QByteArrayList{"close:" + QByteArray::number(number) + ":"});
    }

    void messagesAreLimitedOverTheirFragments()
    {
        const MessageLimits limits{10, 3};
        const QByteArray tooBig = "error:1009:message too big";
        QCOMPARE(read(frame(0x82, QByteArray(10, 'x')), {}, limits),
                 QByteArrayList{"binary:" + QByteArray(10, 'x')});
        QCOMPARE(read(frame(0x82, QByteArray(11, 'x')), {}, limits), QByteArrayList{tooBig});
        QCOMPARE(read(frame(0x02, QByteArray(6, 'x')) + frame(0x80, QByteArray(5, 'x')), {}, limits),
                 QByteArrayList{tooBig});
        QCOMPARE(read(frame(0x02, "1") + frame(0x00, "2") + frame(0x80, "3"), {}, limits),
                 QByteArrayList{"binary:123"});
        QCOMPARE(read(frame(0x02, "") + frame(0x00, "") + frame(0x00, "") + frame(0x00, ""), {}, limits),
                 QByteArrayList{"error:1008:too many fragments"});
    }

    void aPromisedLengthTakesNoMemory()
    {
        FrameReader reader({});
        QByteArray bytes = QByteArray("\x82\xFF\0\0\x7F\0\0\0\0\0", 10) + "mask" + "abc";
        std::span<char> rest(bytes.data(), std::size_t(bytes.size()));
        QVERIFY(std::holds_alternative<NeedMore>(reader.next(rest)));
        QCOMPARE(reader.buffered(), std::size_t(3));
    }

    void aTooLongMessageIsToldByItsHead()
    {
        FrameReader reader({1000, 0});
        QByteArray bytes = QByteArray("\x82\xFE\x10\x00", 4) + "mask";
        std::span<char> rest(bytes.data(), std::size_t(bytes.size()));
        QVERIFY(std::holds_alternative<FrameError>(reader.next(rest)));
    }
};

QTEST_GUILESS_MAIN(FrameReaderTest)
#include "tst_framereader.moc"
