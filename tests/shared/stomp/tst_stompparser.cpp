// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/stomp/parser.h"
#include "shared/stomp/serializer.h"

#include <QTest>

using namespace msgsrv::stomp;
using namespace std::string_literals;

Q_DECLARE_METATYPE(msgsrv::stomp::Version)
Q_DECLARE_METATYPE(msgsrv::stomp::Frame)
Q_DECLARE_METATYPE(msgsrv::stomp::ParseError::Kind)
Q_DECLARE_METATYPE(msgsrv::stomp::ParserLimits)

namespace {

using Kind = ParseError::Kind;

/// What came out of a stream.
struct Read
{
    std::vector<Frame> frames;
    int heartBeats = 0;
    std::optional<ParseError> error;
};

void feed(FrameParser &parser, std::string_view bytes, Read &read)
{
    while (!bytes.empty()) {
        auto event = parser.next(bytes);
        if (auto *frame = std::get_if<Frame>(&event))
            read.frames.push_back(std::move(*frame));
        else if (std::holds_alternative<FrameParser::HeartBeat>(event))
            ++read.heartBeats;
        else if (auto *error = std::get_if<ParseError>(&event))
            read.error = *error;
    }
}

Read readAll(std::string_view bytes, Version version = Version::V12, const ParserLimits &limits = {})
{
    FrameParser parser(limits);
    parser.setVersion(version);
    Read read;
    feed(parser, bytes, read);
    return read;
}

QByteArray shown(const std::string &bytes)
{
    return QByteArray::fromStdString(bytes).replace('\0', "^@").toPercentEncoding(" :\n/@^{}\"");
}

bool sameFrames(const Read &a, const Read &b)
{
    return a.frames == b.frames && a.error.has_value() == b.error.has_value()
        && (!a.error || (a.error->kind == b.error->kind && a.error->message == b.error->message));
}

} // namespace

class TestStompParser : public QObject
{
    Q_OBJECT

private slots:
    void aGoodFrameIsRead_data();
    void aGoodFrameIsRead(); // items 24, 25, 27, 28, 31, 32, 33, 34, 35, 38, 40, 42
    void anInvalidFrameEndsTheStream_data();
    void anInvalidFrameEndsTheStream(); // items 26, 29, 32, 39, 44
    void aFrameThatIsNotWholeIsWaitedFor_data();
    void aFrameThatIsNotWholeIsWaitedFor();
    void aLimitHoldsToTheOctet_data();
    void aLimitHoldsToTheOctet(); // items 18, 45
    void limitsMayBeRaisedBetweenFrames();
    void limitsMayBeRaisedWithinAFrame();
    void theVersionMayBeSetBetweenFrames();
    void endsOfLineBetweenFramesAreHeartBeats_data();
    void endsOfLineBetweenFramesAreHeartBeats(); // items 12, 42
    void everySplitGivesTheSameFrames_data();
    void everySplitGivesTheSameFrames(); // item 6
    void everyOctetAloneGivesTheSameFrames_data() { everySplitGivesTheSameFrames_data(); }
    void everyOctetAloneGivesTheSameFrames();
    void theFirstOfRepeatedHeadersCounts(); // item 30
    void anErrorIsFinal();
    void errorMessagesFitIntoAHeader(); // item 89
};

void TestStompParser::aGoodFrameIsRead_data()
{
    QTest::addColumn<std::string>("bytes");
    QTest::addColumn<Version>("version");
    QTest::addColumn<Frame>("frame");

    const auto row = [](const char *name, std::string bytes, Version version, Frame frame) {
        QTest::newRow(name) << std::move(bytes) << version << std::move(frame);
    };
    const auto V10 = Version::V10;
    const auto V11 = Version::V11;
    const auto V12 = Version::V12;

    row("no headers, no body", "DISCONNECT\n\n\0"s, V12, {"DISCONNECT", {}, ""});
    row("headers in order", "SEND\nb:1\na:2\n\n\0"s, V12, {"SEND", {{"b", "1"}, {"a", "2"}}, ""});
    row("a body up to the NUL", "SEND\na:1\n\nhello\nworld\r\n\0"s, V12,
        {"SEND", {{"a", "1"}}, "hello\nworld\r\n"});
    row("a counted body with NULs", "SEND\ncontent-length:5\n\na\0b\0c\0"s, V12,
        {"SEND", {{"content-length", "5"}}, "a\0b\0c"s});
    row("a counted body of nothing", "SEND\ncontent-length:0\n\n\0"s, V12,
        {"SEND", {{"content-length", "0"}}, ""});
    row("content-length with leading zeros", "SEND\ncontent-length:0003\n\nabc\0"s, V12,
        {"SEND", {{"content-length", "0003"}}, "abc"});
    row("the first content-length counts", "SEND\ncontent-length:1\ncontent-length:9\n\na\0"s, V12,
        {"SEND", {{"content-length", "1"}, {"content-length", "9"}}, "a"});
    row("content-length counts on SUBSCRIBE too", "SUBSCRIBE\ncontent-length:3\n\na\0b\0"s, V12,
        {"SUBSCRIBE", {{"content-length", "3"}}, "a\0b"s});
    row("content-length counts on CONNECT too", "CONNECT\ncontent-length: 2\n\n\0\0\0"s, V12,
        {"CONNECT", {{"content-length", " 2"}}, "\0\0"s});
    row("any octets in a body", "SEND\n\n\xff\xfe\x80\0"s, V12, {"SEND", {}, "\xff\xfe\x80"});
    row("other scripts in a header", "SEND\nпривет:世界\n\n\0"s, V12, {"SEND", {{"привет", "世界"}}, ""});
    row("CR LF in 1.2", "SEND\r\na:1\r\n\r\nx\0"s, V12, {"SEND", {{"a", "1"}}, "x"});
    row("CR LF in 1.0", "SEND\r\na:1\r\n\r\nx\0"s, V10, {"SEND", {{"a", "1"}}, "x"});
    row("CR LF in CONNECT", "CONNECT\r\na:1\r\n\r\n\0"s, V10, {"CONNECT", {{"a", "1"}}, ""});
    row("CR LF and LF mixed", "SEND\na:1\r\nb:2\n\r\n\0"s, V11, {"SEND", {{"a", "1"}, {"b", "2"}}, ""});
    row("noise before the frame", "\n\0\r\n\n\0SEND\n\n\0"s, V12, {"SEND", {}, ""});
    row("a raw colon in a value", "SEND\na:b:c:\n\n\0"s, V12, {"SEND", {{"a", "b:c:"}}, ""});
    row("an empty value", "SEND\na:\n\n\0"s, V11, {"SEND", {{"a", ""}}, ""});
    row("an empty value in 1.0", "SEND\na:\n\n\0"s, V10, {"SEND", {{"a", ""}}, ""});
    row("names are case-sensitive", "SEND\nA:1\na:2\n\n\0"s, V12, {"SEND", {{"A", "1"}, {"a", "2"}}, ""});
    row("a command nobody knows", "send\n\n\0"s, V12, {"send", {}, ""});
    row("1.2 undoes all four escapes", "SEND\na\\c\\n:\\r\\n\\c\\\\\n\n\0"s, V12,
        {"SEND", {{"a:\n", "\r\n:\\"}}, ""});
    row("1.1 undoes three escapes", "SEND\na\\c:\\n\\c\\\\\n\n\0"s, V11, {"SEND", {{"a:", "\n:\\"}}, ""});
    row("escapes are undone in one pass", "SEND\na:\\\\n\\\\\\\\c\n\n\0"s, V12,
        {"SEND", {{"a", "\\n\\\\c"}}, ""});
    row("1.0 knows no escapes", "SEND\nfoo:C\\temp\\n\\\n\n\0"s, V10,
        {"SEND", {{"foo", "C\\temp\\n\\"}}, ""});
    row("1.0 trims blanks in front of a value", "SEND\na: \t b c \n\n\0"s, V10,
        {"SEND", {{"a", "b c "}}, ""});
    row("1.0 trims a value of blanks only", "SEND\na:  \n\n\0"s, V10, {"SEND", {{"a", ""}}, ""});
    row("1.0 trims before content-length", "SEND\ncontent-length: 1\n\na\0"s, V10,
        {"SEND", {{"content-length", "1"}}, "a"});
    row("1.1 never trims", "SEND\n a : b \n\n\0"s, V11, {"SEND", {{" a ", " b "}}, ""});
    row("1.2 never trims", "SEND\n a : b \n\n\0"s, V12, {"SEND", {{" a ", " b "}}, ""});
    row("CONNECT is not unescaped in 1.2", "CONNECT\npasscode:a\\cb\\\\c\\t\n\n\0"s, V12,
        {"CONNECT", {{"passcode", "a\\cb\\\\c\\t"}}, ""});
    row("STOMP is not unescaped in 1.1", "STOMP\npasscode:\\r\n\n\0"s, V11,
        {"STOMP", {{"passcode", "\\r"}}, ""});
    row("CONNECTED is not unescaped", "CONNECTED\nx:\\q\n\n\0"s, V12, {"CONNECTED", {{"x", "\\q"}}, ""});
    row("CONNECT keeps blanks until its version is known", "CONNECT\nlogin: a\n\n\0"s, V10,
        {"CONNECT", {{"login", " a"}}, ""});
}

void TestStompParser::aGoodFrameIsRead()
{
    QFETCH(const std::string, bytes);
    QFETCH(const Version, version);
    QFETCH(const Frame, frame);

    const Read read = readAll(bytes, version);
    QVERIFY2(!read.error, read.error ? read.error->message.data() : "");
    QCOMPARE(read.frames.size(), std::size_t(1));
    QCOMPARE(read.frames[0].command, frame.command);
    QCOMPARE(read.frames[0].body, frame.body);
    QVERIFY2(read.frames[0] == frame, shown(serialize(read.frames[0], Version::V12)).constData());
}

void TestStompParser::anInvalidFrameEndsTheStream_data()
{
    QTest::addColumn<std::string>("bytes");
    QTest::addColumn<Version>("version");
    QTest::addColumn<Kind>("kind");
    QTest::addColumn<QByteArray>("message");

    const auto row = [](const char *name, std::string bytes, const char *message,
                        Version version = Version::V12, Kind kind = Kind::Malformed) {
        QTest::newRow(name) << std::move(bytes) << version << kind << QByteArray(message);
    };
    const char *const escape = "undefined escape sequence in a header";
    const char *const cr = "carriage return without line feed";
    const char *const noNumber = "content-length is not a number";
    const char *const noNul = "no NUL after content-length octets of body";
    const char *const utf8 = "command or header is not UTF-8";

    row("a header without a colon", "SEND\nabc\n\n\0"s, "header without a colon");
    row("a header without a name", "SEND\n:v\n\n\0"s, "header without a name");
    row("a header of a colon", "SEND\n:\n\n\0"s, "header without a name");
    row("NUL in the command", "SEND\0"s, "NUL before the end of the headers");
    row("NUL after the command", "SEND\n\0"s, "NUL before the end of the headers");
    row("NUL in a header", "SEND\na:b\0c\n\n\0"s, "NUL before the end of the headers");
    row("CR in the command", "SE\rND\n\n\0"s, cr);
    row("CR in a header", "SEND\na:b\rc\n\n\0"s, cr);
    row("CR in a header in 1.1", "SEND\na:b\rc\n\n\0"s, cr, Version::V11);
    row("CR CR LF", "SEND\r\r\n\n\0"s, cr);
    row("CR instead of the empty line", "SEND\n\r\0"s, cr);
    row("CR before the command", "\rSEND\n\n\0"s, cr);
    row("\\t in 1.2", "SEND\na:\\t\n\n\0"s, escape);
    row("\\C in 1.2", "SEND\na:\\C\n\n\0"s, escape);
    row("a lone backslash at the end", "SEND\na:b\\\n\n\0"s, escape);
    row("\\r in 1.1", "SEND\na:\\r\n\n\0"s, escape, Version::V11);
    row("\\t in 1.1", "SEND\na:\\t\n\n\0"s, escape, Version::V11);
    row("an undefined escape in a name", "SEND\na\\x:b\n\n\0"s, escape);
    row("content-length of letters", "SEND\ncontent-length:abc\n\n\0"s, noNumber);
    row("content-length of nothing", "SEND\ncontent-length:\n\n\0"s, noNumber);
    row("content-length with a sign", "SEND\ncontent-length:+1\n\na\0"s, noNumber);
    row("a negative content-length", "SEND\ncontent-length:-1\n\na\0"s, noNumber);
    row("content-length with a blank", "SEND\ncontent-length: 1\n\na\0"s, noNumber);
    row("content-length with a tail", "SEND\ncontent-length:1a\n\na\0"s, noNumber);
    row("a hexadecimal content-length", "SEND\ncontent-length:0x1\n\na\0"s, noNumber);
    row("content-length beyond all integers", "SEND\ncontent-length:99999999999999999999999\n\n\0"s,
        "body is too large", Version::V12, Kind::TooLarge);
    row("the largest integer as content-length", "SEND\ncontent-length:18446744073709551615\n\n\0"s,
        "frame is too large", Version::V12, Kind::TooLarge);
    row("content-length too short", "SEND\ncontent-length:2\n\nabc\0"s, noNul);
    row("content-length too long", "SEND\ncontent-length:4\n\nabc\0SEND\n\n\0"s, noNul);
    row("content-length 0 with a body", "SEND\ncontent-length:0\n\na\0"s, noNul);
    row("an overlong sequence in a header", "SEND\na:\xc0\xaf\n\n\0"s, utf8, Version::V12, Kind::NotUtf8);
    row("a surrogate in a header", "SEND\na:\xed\xa0\x80\n\n\0"s, utf8, Version::V12, Kind::NotUtf8);
    row("half a character in a name", "SEND\n\xc3:a\n\n\0"s, utf8, Version::V12, Kind::NotUtf8);
    row("a command that is not UTF-8", "\xff\n\n\0"s, utf8, Version::V10, Kind::NotUtf8);
}

void TestStompParser::anInvalidFrameEndsTheStream()
{
    QFETCH(const std::string, bytes);
    QFETCH(const Version, version);
    QFETCH(const Kind, kind);
    QFETCH(const QByteArray, message);

    const Read read = readAll("SEND\n\n\0"s + bytes + "SEND\n\n\0"s, version);
    QCOMPARE(read.frames.size(), std::size_t(1)); // the one before it, not the one after it
    QVERIFY(read.error);
    QCOMPARE(QByteArray(read.error->message.data(), qsizetype(read.error->message.size())), message);
    QCOMPARE(read.error->kind, kind);
}

void TestStompParser::aFrameThatIsNotWholeIsWaitedFor_data()
{
    QTest::addColumn<std::string>("bytes");
    QTest::addColumn<int>("state");

    const auto row = [](const char *name, std::string bytes, FrameParser::State state) {
        QTest::newRow(name) << std::move(bytes) << int(state);
    };
    row("nothing", ""s, FrameParser::State::Between);
    row("an EOL that has begun", "\r"s, FrameParser::State::BetweenCr);
    row("a part of the command", "SEN"s, FrameParser::State::Command);
    row("CR after the command", "SEND\r"s, FrameParser::State::CommandCr);
    row("the command", "SEND\n"s, FrameParser::State::Header);
    row("a part of a header", "SEND\na:b\\"s, FrameParser::State::Header);
    row("CR after a header", "SEND\na:b\r"s, FrameParser::State::HeaderCr);
    row("a body that goes on", "SEND\n\nabc"s, FrameParser::State::OpenBody);
    row("a counted body that goes on", "SEND\ncontent-length:3\n\na\0"s, FrameParser::State::CountedBody);
    row("the NUL is missing", "SEND\ncontent-length:3\n\nabc"s, FrameParser::State::CountedEnd);
}

void TestStompParser::aFrameThatIsNotWholeIsWaitedFor()
{
    QFETCH(const std::string, bytes);
    QFETCH(const int, state);

    FrameParser parser;
    Read read;
    feed(parser, bytes, read);
    QVERIFY(read.frames.empty());
    QVERIFY(!read.error);
    QCOMPARE(int(parser.state()), state);
}

void TestStompParser::aLimitHoldsToTheOctet_data()
{
    QTest::addColumn<std::string>("fits");
    QTest::addColumn<std::string>("exceeds");
    QTest::addColumn<ParserLimits>("limits");
    QTest::addColumn<QByteArray>("message");

    constexpr auto none = ParserLimits::none;
    ParserLimits command{4, none, none, none, none};
    ParserLimits headers{none, 2, none, none, none};
    ParserLimits line{none, none, 5, none, none};
    ParserLimits body{none, none, none, 3, none};
    ParserLimits frame{none, none, none, none, 12};

    QTest::newRow("command") << "SEND\n\n\0"s
                             << "SENDS\n\n\0"s << command << QByteArray("command is too long");
    QTest::newRow("the CR of the EOL is not the command's")
        << "SEND\r\n\n\0"s
        << "SENDS\r\n\n\0"s << command << QByteArray("command is too long");
    QTest::newRow("number of headers")
        << "SEND\na:1\na:2\n\n\0"s
        << "SEND\na:1\na:2\na:3\n\n\0"s << headers << QByteArray("too many headers");
    QTest::newRow("header line") << "SEND\nab:cd\n\n\0"s
                                 << "SEND\nab:cde\n\n\0"s << line << QByteArray("header line is too long");
    QTest::newRow("the CR of the EOL is not the header's")
        << "SEND\nab:cd\r\n\n\0"s
        << "SEND\nab:cde\r\n\n\0"s << line << QByteArray("header line is too long");
    QTest::newRow("a header line counts as it came")
        << "SEND\na:\\cd\n\n\0"s
        << "SEND\na:\\cde\n\n\0"s << line << QByteArray("header line is too long");
    QTest::newRow("body") << "SEND\n\nabc\0"s
                          << "SEND\n\nabcd\0"s << body << QByteArray("body is too large");
    QTest::newRow("counted body") << "SEND\ncontent-length:3\n\nabc\0"s
                                  << "SEND\ncontent-length:4\n\nabcd\0"s << body
                                  << QByteArray("body is too large");
    QTest::newRow("frame with a body") << "SEND\n\nabcde\0"s
                                       << "SEND\n\nabcdef\0"s << frame << QByteArray("frame is too large");
    QTest::newRow("frame with headers") << "SEND\nabc:\n\n\0"s
                                        << "SEND\nabcd:\n\n\0"s << frame << QByteArray("frame is too large");
    QTest::newRow("frame with CR LF") << "SEND\r\n\r\nabc\0"s
                                      << "SEND\r\n\r\nabcd\0"s << frame << QByteArray("frame is too large");
    ParserLimits counted{none, none, none, none, 27};
    QTest::newRow("frame with a counted body")
        << "SEND\ncontent-length:3\n\nabc\0"s
        << "SEND\ncontent-length:4\n\nabcd\0"s << counted << QByteArray("frame is too large");
}

void TestStompParser::aLimitHoldsToTheOctet()
{
    QFETCH(const std::string, fits);
    QFETCH(const std::string, exceeds);
    QFETCH(const ParserLimits, limits);
    QFETCH(const QByteArray, message);

    // Noise does not count, and a frame does not count against the next one.
    const Read good = readAll("\n\n\n\n\n\n\n\n" + fits + "\n\n\n\n\n\n\n\n" + fits, Version::V12, limits);
    QVERIFY2(!good.error, good.error ? good.error->message.data() : "");
    QCOMPARE(good.frames.size(), std::size_t(2));

    const Read bad = readAll(exceeds, Version::V12, limits);
    QVERIFY(bad.frames.empty());
    QVERIFY(bad.error);
    QCOMPARE(QByteArray(bad.error->message.data(), qsizetype(bad.error->message.size())), message);
    QCOMPARE(bad.error->kind, Kind::TooLarge);

    for (std::size_t cut = 1; cut < exceeds.size(); ++cut) {
        FrameParser parser(limits);
        parser.setVersion(Version::V12);
        Read read;
        feed(parser, std::string_view(exceeds).substr(0, cut), read);
        feed(parser, std::string_view(exceeds).substr(cut), read);
        QVERIFY2(sameFrames(read, bad), QByteArray::number(int(cut)).constData());
    }
}

void TestStompParser::limitsMayBeRaisedBetweenFrames()
{
    ParserLimits limits;
    limits.frame = 12;
    FrameParser parser(limits);
    const std::string stream = "CONNECT\n\n\0"s
                               "SEND\n\nabcdefgh\0"s;
    std::string_view input = stream;
    QVERIFY(std::holds_alternative<Frame>(parser.next(input)));
    limits.frame = 15;
    parser.setLimits(limits);
    auto event = parser.next(input);
    QVERIFY(std::holds_alternative<Frame>(event));
    QCOMPARE(std::get<Frame>(event).body, "abcdefgh"s);
}

void TestStompParser::limitsMayBeRaisedWithinAFrame()
{
    ParserLimits limits;
    limits.frame = 8;
    FrameParser parser(limits);
    Read read;
    feed(parser, "SEND\n\nab", read);
    limits.frame = 10;
    parser.setLimits(limits);
    feed(parser, "c\0"s, read);
    QVERIFY(!read.error);
    QCOMPARE(read.frames.size(), std::size_t(1));

    feed(parser, "SEND\n\nabc", read);
    limits.frame = 5; // lowered below what was read already
    parser.setLimits(limits);
    feed(parser, "\0"s, read);
    QVERIFY(read.error);
    QCOMPARE(read.error->kind, Kind::TooLarge);
}

void TestStompParser::theVersionMayBeSetBetweenFrames()
{
    FrameParser parser;
    const std::string stream = "SEND\na: \\c\n\n\0"s
                               "SEND\na: \\c\n\n\0"s;
    std::string_view input = stream;
    QCOMPARE(std::get<Frame>(parser.next(input)).headers[0].value, "\\c"s);
    parser.setVersion(Version::V12);
    QCOMPARE(std::get<Frame>(parser.next(input)).headers[0].value, " :"s);
}

void TestStompParser::endsOfLineBetweenFramesAreHeartBeats_data()
{
    QTest::addColumn<std::string>("bytes");
    QTest::addColumn<int>("heartBeats");
    QTest::addColumn<int>("frames");

    QTest::newRow("LF") << "\n"s << 1 << 0;
    QTest::newRow("CR LF") << "\r\n"s << 1 << 0;
    QTest::newRow("several at once are one") << "\n\n\r\n"s << 1 << 0;
    QTest::newRow("NUL is none") << "\0"s << 0 << 0;
    QTest::newRow("CR alone is not yet one") << "\r"s << 0 << 0;
    QTest::newRow("glued in front of a frame") << "\nSEND\n\n\0"s << 1 << 1;
    QTest::newRow("glued behind a frame") << "SEND\n\n\0\n"s << 1 << 1;
    QTest::newRow("between two frames") << "SEND\n\n\0\n\nSEND\n\n\0"s << 1 << 2;
}

void TestStompParser::endsOfLineBetweenFramesAreHeartBeats()
{
    QFETCH(const std::string, bytes);
    QFETCH(const int, heartBeats);
    QFETCH(const int, frames);

    const Read read = readAll(bytes);
    QVERIFY(!read.error);
    QCOMPARE(read.heartBeats, heartBeats);
    QCOMPARE(int(read.frames.size()), frames);
}

void TestStompParser::everySplitGivesTheSameFrames_data()
{
    QTest::addColumn<std::string>("stream");
    QTest::addColumn<Version>("version");

    const std::string plain = "\n\0CONNECT\r\nlogin:a\r\naccept-version:1.2\r\n\r\n\0\r\n\n"s
                              "SUBSCRIBE\nid:0\ndestination:/queue/x\n\n\0"s
                              "SEND\ndestination:/user/世界\nx\\cy:\\r\\n\\\\n\ncontent-length:2\n\n"s
                              "SEND\nпривет:\\c\\c\ncontent-length:7\n\nä\0\n\0é\0\n"s
                              "DISCONNECT\nreceipt:77\n\n\0\n"s;
    const std::string valid = "\n\0CONNECT\r\nlogin:a\r\naccept-version:1.2\r\n\r\n\0\r\n\n"s
                              "SEND\nпривет:\\c\\c\\\\\ncontent-length:7\n\nä\0\n\0é\0\n"s
                              "SEND\nx: y \n\n世界\r\n\0\0\0"s
                              "DISCONNECT\nreceipt:77\n\n\0\n"s;
    QTest::newRow("1.0") << valid << Version::V10;
    QTest::newRow("1.1") << valid << Version::V11;
    QTest::newRow("1.2") << valid << Version::V12;
    QTest::newRow("one that ends with an error") << plain << Version::V12;
    QTest::newRow("another error") << valid + "SEND\na:b\rc\n\n\0"s << Version::V11;
    QTest::newRow("bad UTF-8") << valid + "SEND\na:\xe4\xb8\n\n\0"s << Version::V11;
}

void TestStompParser::everySplitGivesTheSameFrames()
{
    QFETCH(const std::string, stream);
    QFETCH(const Version, version);

    const Read whole = readAll(stream, version);
    QVERIFY(whole.frames.size() >= 2);
    // Every pair of cuts, so that a piece may begin and end inside anything.
    for (std::size_t first = 0; first <= stream.size(); ++first) {
        for (std::size_t second = first; second <= stream.size(); ++second) {
            FrameParser parser;
            parser.setVersion(version);
            Read read;
            const std::string_view view = stream;
            feed(parser, view.substr(0, first), read);
            feed(parser, view.substr(first, second - first), read);
            feed(parser, view.substr(second), read);
            QVERIFY2(sameFrames(read, whole), qPrintable(QStringLiteral("%1, %2").arg(first).arg(second)));
        }
    }
}

void TestStompParser::everyOctetAloneGivesTheSameFrames()
{
    QFETCH(const std::string, stream);
    QFETCH(const Version, version);

    FrameParser parser;
    parser.setVersion(version);
    Read read;
    for (const char &octet : stream)
        feed(parser, std::string_view(&octet, 1), read);
    QVERIFY(sameFrames(read, readAll(stream, version)));
}

void TestStompParser::theFirstOfRepeatedHeadersCounts()
{
    const Read read = readAll("SEND\nfoo:World\nbar:x\nfoo:Hello\n\n\0"s);
    QCOMPARE(read.frames.size(), std::size_t(1));
    QVERIFY(read.frames[0].find("foo"));
    QCOMPARE(*read.frames[0].find("foo"), "World"s);
    QVERIFY(!read.frames[0].find("Foo"));
    QCOMPARE(read.frames[0].headers.size(), std::size_t(3));
}

void TestStompParser::anErrorIsFinal()
{
    FrameParser parser;
    Read read;
    feed(parser, "SEND\nno colon\n", read);
    QVERIFY(read.error);
    const std::string good = "SEND\n\n\0"s;
    std::string_view input = good;
    const auto event = parser.next(input);
    QVERIFY(std::holds_alternative<ParseError>(event));
    QVERIFY(input.empty());
    QCOMPARE(parser.state(), FrameParser::State::Failed);
}

void TestStompParser::errorMessagesFitIntoAHeader()
{
    for (const std::string &bytes :
         {"SEND\nx\n"s, "SEND\n:\n"s, "SEND\0"s, "SE\rND"s, "CONNECT\ncontent-length:x\n\n"s, "\xff\n"s,
          "SEND\ncontent-length:0\n\nx"s, std::string(40, 'A')}) {
        const Read read = readAll(bytes);
        QVERIFY(read.error);
        QVERIFY(!read.error->message.empty());
        QCOMPARE(read.error->message.find_first_of(":\\\r\n"), std::string_view::npos);
    }
}

QTEST_APPLESS_MAIN(TestStompParser)
#include "tst_stompparser.moc"
