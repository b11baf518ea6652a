// SPDX-License-Identifier: GPL-3.0-or-later
//
// Runs a fuzz target over the files of the folders that are its arguments, with any compiler: what was found
// once stays fixed. With --mutations=N it is a short fuzzing run as well: each input is changed N times, the
// same way every time.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size);

namespace {

using Input = std::vector<unsigned char>;

struct File
{
    std::string name;
    Input bytes;
};

class Mutator
{
public:
    explicit Mutator(const std::vector<File> &files)
        : m_files(files)
    { }

    /// @p input with one to four changes.
    Input mutated(Input input)
    {
        for (std::size_t left = 1 + below(4); left > 0; --left) {
            const std::size_t at = below(input.size() + 1);
            const auto place = input.begin() + std::ptrdiff_t(at);
            switch (below(4)) {
            case 0: // another octet
                if (at < input.size())
                    *place = static_cast<unsigned char>(below(256));
                break;
            case 1: // one less, or some
                input.erase(place, place + std::ptrdiff_t(std::min(below(8), input.size() - at)));
                break;
            case 2: // one more
                input.insert(place, static_cast<unsigned char>(below(32)));
                break;
            default: { // a piece of another input
                const Input &other = m_files[below(m_files.size())].bytes;
                const std::size_t from = below(other.size() + 1);
                const std::size_t length = std::min(below(64), other.size() - from);
                input.insert(place, other.begin() + std::ptrdiff_t(from),
                             other.begin() + std::ptrdiff_t(from + length));
                break;
            }
            }
        }
        return input;
    }

private:
    std::size_t below(std::size_t limit) { return m_random() % limit; }

    const std::vector<File> &m_files;
    std::mt19937 m_random; // the same numbers in every run
};

} // namespace

int main(int argc, char **argv)
{
    constexpr std::string_view option = "--mutations=";
    int mutations = 0;
    std::vector<File> files;
    for (int i = 1; i < argc; ++i) {
        if (std::string_view(argv[i]).substr(0, option.size()) == option) {
            mutations = std::atoi(argv[i] + option.size());
            continue;
        }
        for (const auto &entry : std::filesystem::directory_iterator(argv[i])) {
            std::ifstream file(entry.path(), std::ios::binary);
            const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
            files.push_back({entry.path().filename().string(), Input(bytes.begin(), bytes.end())});
        }
    }
    std::sort(files.begin(), files.end(), [](const File &a, const File &b) { return a.name < b.name; });
    Mutator mutator(files);
    for (const File &file : files) {
        std::cout << file.name << std::endl; // the last one is the culprit
        LLVMFuzzerTestOneInput(file.bytes.data(), file.bytes.size());
        for (int i = 0; i < mutations; ++i) {
            const Input input = mutator.mutated(file.bytes);
            LLVMFuzzerTestOneInput(input.data(), input.size());
        }
    }
    std::cout << files.size() << " inputs" << std::endl;
    return files.empty() ? EXIT_FAILURE : EXIT_SUCCESS;
}
