// SPDX-License-Identifier: GPL-3.0-or-later
//
// Streams are made together with the frames that are in them, by code that shares nothing with the parser;
// however they are cut, these frames come out.
#include "shared/stomp/parser.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

using namespace msgsrv::stomp;
using namespace std::string_literals;

namespace {

/// A stream and what is in it.
struct Stream
{
    std::string bytes;
    std::vector<Frame> frames;
};

class StreamMaker
{
public:
    StreamMaker(unsigned seed, Version version)
        : m_random(seed)
        , m_version(version)
    { }

    Stream make()
    {
        Stream stream;
        addNoise(stream.bytes);
        for (int left = below(5) + 1; left > 0; --left) {
            addFrame(stream);
            addNoise(stream.bytes);
        }
        return stream;
    }

private:
    int below(int limit) { return int(m_random() % unsigned(limit)); }

    template <std::size_t count>
    std::string oneOf(const std::array<const char *, count> &texts)
    {
        return texts[std::size_t(below(int(count)))];
    }

    std::string text(int parts)
    {
        static constexpr std::array<const char *, 10> pieces{
            "a", "b c", "-_.", "\xc3\xbc", "\xe2\x82\xac", ":", "\\", "\xf0\x9f\x98\x80", "\n", "\r"};
        std::string out;
        for (; parts > 0; --parts)
            out += oneOf(pieces);
        return out;
    }

    /// What a header of @p version may hold, as it is meant.
    std::string meant(std::string value, bool isName, bool escapes)
    {
        const auto drop = [&](const char *characters) {
            value.erase(std::remove_if(value.begin(), value.end(),
                                       [&](char c) {
                                           return std::string_view(characters).find(c)
                                               != std::string_view::npos;
                                       }),
                        value.end());
        };
        if (!escapes)
            drop(isName ? "\r\n:" : "\r\n");
        else if (m_version == Version::V11)
            drop("\r");
        if (m_version == Version::V10 && !m_isConnect && !isName)
            value.erase(0, std::min(value.find_first_not_of(" \t"), value.size()));
        return value;
    }

    std::string written(const std::string &value, bool escapes)
    {
        if (!escapes)
            return value;
        std::string out;
        for (const char c : value) {
            if (c == ':' && below(2) == 0)
                out += "\\c";
            else if (c == '\n')
                out += "\\n";
            else if (c == '\r')
                out += "\\r";
            else if (c == '\\')
                out += "\\\\";
            else
                out += c;
        }
        return out;
    }

    void addFrame(Stream &stream)
    {
        static constexpr std::array<const char *, 6> commands{"SEND",    "CONNECT",    "STOMP",
                                                              "MESSAGE", "DISCONNECT", "SUBSCRIBE"};
        Frame frame;
        frame.command = oneOf(commands);
        m_isConnect = frame.command == "CONNECT" || frame.command == "STOMP"; // its version is not known yet
        const bool escapes = m_version != Version::V10 && !m_isConnect;
        std::string &out = stream.bytes;
        out += frame.command;
        addEol(out);
        const int kind = below(3); // of the body
        if (kind == 2)
            for (int parts = below(12); parts > 0; --parts)
                frame.body += below(3) == 0 ? std::string(1, '\0') : text(1);
        else if (kind == 1)
            frame.body = text(below(12));
        const int lengthAt = kind == 2 ? below(3) : -1;
        for (int i = 0; i < 3; ++i) {
            if (i == lengthAt)
                addHeader(stream, frame, "content-length", std::to_string(frame.body.size()), false);
            if (below(2) == 0)
                addHeader(stream, frame, 'n' + meant(text(below(3)), true, escapes), text(below(4)), escapes);
        }
        addEol(out);
        out += frame.body;
        out += '\0';
        stream.frames.push_back(std::move(frame));
    }

    void addHeader(Stream &stream, Frame &frame, const std::string &name, const std::string &value,
                   bool escapes)
    {
        const std::string intended = meant(value, false, escapes);
        std::string nameWritten = written(name, escapes);
        // A colon in a name must be escaped, in a value it may.
        if (escapes) {
            std::string all;
            for (const char c : nameWritten)
                all += c == ':' ? "\\c"s : std::string(1, c);
            nameWritten = all;
        }
        stream.bytes += nameWritten + ':';
        if (m_version == Version::V10 && !m_isConnect)
            stream.bytes.append(std::size_t(below(3)), ' ');
        stream.bytes += written(intended, escapes);
        addEol(stream.bytes);
        frame.headers.push_back({name, intended});
    }

    void addEol(std::string &out) { out += below(2) == 0 ? "\r\n" : "\n"; }

    void addNoise(std::string &out)
    {
        for (int i = below(3); i > 0; --i)
            out += below(4) == 0 ? "\0"s : below(2) == 0 ? "\r\n"s : "\n"s;
    }

    std::mt19937 m_random;
    const Version m_version;
    bool m_isConnect = false; ///< the frame that is being made
};

/// The frames of the pieces between @p cuts, which are in order.
std::vector<Frame> readInPieces(const std::string &bytes, Version version,
                                const std::vector<std::size_t> &cuts)
{
    FrameParser parser;
    parser.setVersion(version);
    std::vector<Frame> frames;
    std::size_t from = 0;
    for (std::size_t i = 0; i <= cuts.size(); ++i) {
        const std::size_t to = i < cuts.size() ? cuts[i] : bytes.size();
        std::string_view piece(bytes.data() + from, to - from);
        while (!piece.empty()) {
            auto event = parser.next(piece);
            if (auto *frame = std::get_if<Frame>(&event))
                frames.push_back(std::move(*frame));
            else if (std::holds_alternative<ParseError>(event))
                return {};
        }
        from = to;
    }
    return frames;
}

} // namespace

class TestParserCuts : public QObject
{
    Q_OBJECT

private slots:
    void streamsAreReadHoweverTheyAreCut_data()
    {
        QTest::addColumn<int>("version");
        QTest::newRow("1.0") << int(Version::V10);
        QTest::newRow("1.1") << int(Version::V11);
        QTest::newRow("1.2") << int(Version::V12);
    }
    void streamsAreReadHoweverTheyAreCut() // item 6
    {
        QFETCH(const int, version);
        const auto in = Version(version);
        for (unsigned seed = 0; seed < 200; ++seed) {
            const Stream stream = StreamMaker(seed, in).make();
            const auto holds = [&](const std::vector<std::size_t> &cuts) {
                if (readInPieces(stream.bytes, in, cuts) == stream.frames)
                    return true;
                qWarning() << "seed" << seed << "cuts" << cuts.size()
                           << QByteArray::fromStdString(stream.bytes);
                return false;
            };
            QVERIFY(holds({}));
            for (std::size_t cut = 0; cut <= stream.bytes.size(); ++cut)
                QVERIFY(holds({cut}));
            std::mt19937 random(seed);
            for (int i = 0; i < 100; ++i) {
                std::vector<std::size_t> cuts(2 + random() % 20);
                for (std::size_t &cut : cuts)
                    cut = random() % (stream.bytes.size() + 1);
                std::sort(cuts.begin(), cuts.end());
                QVERIFY(holds(cuts));
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestParserCuts)
#include "tst_parsercuts.moc"
