// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/stomp/parser.h"
#include "shared/stomp/serializer.h"

#include <QTest>

using namespace msgsrv::stomp;
using namespace std::string_literals;

Q_DECLARE_METATYPE(msgsrv::stomp::Version)
Q_DECLARE_METATYPE(msgsrv::stomp::Frame)

namespace {

const Frame awkward{"MESSAGE", {{"a:b", "c:d\\e\nf"}, {"plain", " x "}}, ""};

} // namespace

class TestStompSerializer : public QObject
{
    Q_OBJECT

private slots:
    void aFrameIsWrittenForItsReceiver_data();
    void aFrameIsWrittenForItsReceiver(); // items 34, 41
    void whatAVersionCannotCarryIsLeftOut_data();
    void whatAVersionCannotCarryIsLeftOut();
    void framesAreWrittenOneBehindTheOther(); // item 13
    void whatIsWrittenIsReadBack_data();
    void whatIsWrittenIsReadBack();
};

void TestStompSerializer::aFrameIsWrittenForItsReceiver_data()
{
    QTest::addColumn<Frame>("frame");
    QTest::addColumn<Version>("version");
    QTest::addColumn<std::string>("wire");

    const auto row = [](const char *name, Frame frame, Version version, std::string wire) {
        QTest::newRow(name) << std::move(frame) << version << std::move(wire);
    };
    const auto V10 = Version::V10;
    const auto V11 = Version::V11;
    const auto V12 = Version::V12;

    row("no content-length without a body", {"RECEIPT", {{"receipt-id", "1"}}, ""}, V12,
        "RECEIPT\nreceipt-id:1\n\n\0"s);
    row("content-length in octets with a body", {"MESSAGE", {{"a", "b"}}, "ä\0"s}, V12,
        "MESSAGE\na:b\ncontent-length:3\n\nä\0\0"s);
    row("a given content-length is not believed", {"MESSAGE", {{"content-length", "7"}, {"a", "b"}}, "x"},
        V12, "MESSAGE\na:b\ncontent-length:1\n\nx\0"s);
    row("1.2 escapes names and values", awkward, V12, "MESSAGE\na\\cb:c\\cd\\\\e\\nf\nplain: x \n\n\0"s);
    row("1.2 escapes a carriage return", {"MESSAGE", {{"a", "\r"}}, ""}, V12, "MESSAGE\na:\\r\n\n\0"s);
    row("1.1 escapes names and values", awkward, V11, "MESSAGE\na\\cb:c\\cd\\\\e\\nf\nplain: x \n\n\0"s);
    row("1.0 escapes nothing", {"MESSAGE", {{"a", "b:c\\d"}, {"e\\", ""}}, ""}, V10,
        "MESSAGE\na:b:c\\d\ne\\:\n\n\0"s);
    row("CONNECTED is not escaped in 1.2", {"CONNECTED", {{"server", "a:b\\c"}}, ""}, V12,
        "CONNECTED\nserver:a:b\\c\n\n\0"s);
    row("CONNECT is not escaped in 1.1", {"CONNECT", {{"passcode", "a:b\\c"}}, ""}, V11,
        "CONNECT\npasscode:a:b\\c\n\n\0"s);
    row("ERROR is escaped", {"ERROR", {{"message", "a:b"}}, "x"}, V12,
        "ERROR\nmessage:a\\cb\ncontent-length:1\n\nx\0"s);
}

void TestStompSerializer::aFrameIsWrittenForItsReceiver()
{
    QFETCH(const Frame, frame);
    QFETCH(const Version, version);
    QFETCH(const std::string, wire);

    QCOMPARE(QByteArray::fromStdString(serialize(frame, version)), QByteArray::fromStdString(wire));
}

void TestStompSerializer::whatAVersionCannotCarryIsLeftOut_data()
{
    QTest::addColumn<std::string>("name");
    QTest::addColumn<std::string>("value");
    QTest::addColumn<std::string>("command");
    QTest::addColumn<Version>("version");

    QTest::newRow("a line feed in 1.0") << "a"s
                                        << "x\ny:z"s
                                        << "MESSAGE"s << Version::V10;
    QTest::newRow("a carriage return in 1.0") << "a"s
                                              << "x\r"s
                                              << "MESSAGE"s << Version::V10;
    QTest::newRow("a carriage return in 1.1") << "a"s
                                              << "x\r"s
                                              << "MESSAGE"s << Version::V11;
    QTest::newRow("a colon in a name in 1.0") << "a:b"s
                                              << "x"s
                                              << "MESSAGE"s << Version::V10;
    QTest::newRow("a line feed in CONNECTED") << "a"s
                                              << "x\ny:z"s
                                              << "CONNECTED"s << Version::V12;
    QTest::newRow("a NUL in 1.2") << "a"s
                                  << "x\0"s
                                  << "MESSAGE"s << Version::V12;
    QTest::newRow("a NUL in a name in 1.1") << "\0"s
                                            << "x"s
                                            << "MESSAGE"s << Version::V11;
    QTest::newRow("an empty name") << ""s
                                   << "x"s
                                   << "MESSAGE"s << Version::V12;
}

void TestStompSerializer::whatAVersionCannotCarryIsLeftOut()
{
    QFETCH(const std::string, name);
    QFETCH(const std::string, value);
    QFETCH(const std::string, command);
    QFETCH(const Version, version);

    std::string out;
    FrameWriter writer(out, command, version);
    QVERIFY(writer.header("before", "1"));
    QVERIFY(!writer.header(name, value));
    QVERIFY(writer.header("after", "2"));
    writer.finish();
    QCOMPARE(QByteArray::fromStdString(out),
             QByteArray::fromStdString(command + "\nbefore:1\nafter:2\n\n\0"s));
}

void TestStompSerializer::framesAreWrittenOneBehindTheOther()
{
    std::string out;
    FrameWriter(out, "RECEIPT", Version::V12).finish();
    FrameWriter(out, "ERROR", Version::V12).finish("x");
    QCOMPARE(QByteArray::fromStdString(out),
             QByteArray::fromStdString("RECEIPT\n\n\0ERROR\ncontent-length:1\n\nx\0"s));
}

void TestStompSerializer::whatIsWrittenIsReadBack_data()
{
    QTest::addColumn<Version>("version");
    QTest::newRow("1.1") << Version::V11;
    QTest::newRow("1.2") << Version::V12;
}

void TestStompSerializer::whatIsWrittenIsReadBack()
{
    QFETCH(const Version, version);

    std::string everyOctet;
    for (int octet = 0; octet < 256; ++octet)
        everyOctet += char(octet);
    Frame frame = awkward;
    frame.add("\\c\\n\\\\", "::\n\n\\\\n");
    frame.add("世界", "");
    frame.body = everyOctet;

    const std::string wire = serialize(frame, version);
    FrameParser parser;
    parser.setVersion(version);
    std::string_view input = wire;
    auto event = parser.next(input);
    QVERIFY(std::holds_alternative<Frame>(event));
    QVERIFY(input.empty());
    frame.add("content-length", "256");
    QVERIFY(std::get<Frame>(event) == frame);
}

QTEST_APPLESS_MAIN(TestStompSerializer)
#include "tst_stompserializer.moc"
