// verifier.cc — libocc from C++17: owners that free what they hold, and one exception. Verifies the files that it is given.
//
//   c++ -std=c++17 verifier.cc $(pkg-config --cflags --libs occ) -o verifier && ./verifier a.proof.json b.proof.json
//
// Exit code: 0 all valid, 1 some are not, 2 something could not be read or done.
#include <cstddef>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <occ/occ.h>

namespace
{

struct Free {
    void
    operator()(occ_verifier *verifier) const noexcept
    {
        occ_verifier_free(verifier);
    }
    void
    operator()(occ_report *report) const noexcept
    {
        occ_report_free(report);
    }
};
using Report = std::unique_ptr<occ_report, Free>;

// What went wrong with the verification itself, or with its input; a proof that is refused is no error.
class Error : public std::runtime_error
{
  public:
    explicit Error(const std::string &text) : std::runtime_error(text)
    {
    }
};

// Any number of threads may use one verifier at once.
class Verifier
{
  public:
    Verifier()
    {
        occ_verifier *made = nullptr;
        const occ_err code = occ_verifier_new(nullptr, &made);
        if (code != OCC_OK) {
            throw Error(occ_code_text(code));
        }
        verifier_.reset(made);
    }

    // The report says whether the proof is valid. Throws Error if proof or policy is malformed, or memory is short.
    Report
    verify(std::string_view proof, std::string_view policy = {}) const
    {
        occ_verify_input input = {};
        input.size = sizeof input;
        input.proof = proof.empty() ? "" : proof.data();
        input.proof_len = proof.size();
        input.policy = policy.empty() ? nullptr : policy.data();
        input.policy_len = policy.size();
        occ_report *made = nullptr;
        const occ_err code = occ_verify(verifier_.get(), &input, &made);
        Report report(made);
        if (code != OCC_OK && code < OCC_ERR_PROOF_STRUCTURE) {
            throw Error(report ? occ_report_reason(report.get()) : occ_code_text(code));
        }
        return report;
    }

  private:
    std::unique_ptr<occ_verifier, Free> verifier_;
};

constexpr std::size_t max_len = 4 << 20; // the library reads no longer proof

// At most a byte more than that, which the library then refuses: whatever the file is, it does not fill the memory.
std::string
read_file(const char *path)
{
    std::ifstream file(path, std::ios::binary);
    std::string text(max_len + 1, '\0');
    file.read(&text[0], static_cast<std::streamsize>(text.size()));
    if (!file.is_open() || file.bad()) {
        throw Error("cannot be read");
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

} // namespace

int
main(int argc, char **argv)
{
    int status = argc > 1 ? 0 : 2;
    try {
        const Verifier verifier;
        for (int i = 1; i < argc; i++) {
            try {
                const Report report = verifier.verify(read_file(argv[i]));
                const bool valid = occ_report_valid(report.get()) != 0;
                std::cout << argv[i] << ": " << (valid ? "valid" : occ_report_reason(report.get())) << '\n';
                status = valid || status != 0 ? status : 1;
            } catch (const Error &error) {
                std::cout << argv[i] << ": " << error.what() << '\n';
                status = 2;
            }
        }
    } catch (const std::exception &error) {
        std::cerr << "verifier: " << error.what() << '\n';
        status = 2;
    }
    return status;
}
