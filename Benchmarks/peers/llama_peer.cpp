// Measures llama.cpp the way `docproc model bench` measures docproc: how fast it reads a
// prompt of each length, and how fast it generates at that depth. One JSON object a line.
//
//   llama_peer --model M.gguf --threads 2 --lengths 2048,8192,32768 [--ubatch 512] [--flash-attention on|off|auto]
//              [--max-seconds S] [--decode 32]
//   llama_peer --model M.gguf --lengths 300 --logits OUT    writes the last position's logits (float32) and measures nothing
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "llama.h"

#ifndef LLAMA_COMMIT
#define LLAMA_COMMIT "unknown"
#endif

namespace {

// Big enough for llama.cpp's default micro-batch, small enough to show the speed at a depth.
constexpr int kBatch = 512;
constexpr int kWarmUp = 64;

struct Options {
    std::string model, logits;
    std::vector<int> lengths;
    int threads = 2, ubatch = 512, decode = 32;
    llama_flash_attn_type flash = LLAMA_FLASH_ATTN_TYPE_ENABLED;
    double max_seconds = 0;  // 0: no limit
};

struct Clock {
    double wall, cpu;
    static double read(clockid_t id) {
        timespec t{};
        clock_gettime(id, &t);
        return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
    }
    static Clock now() { return {read(CLOCK_MONOTONIC), read(CLOCK_PROCESS_CPUTIME_ID)}; }
    Clock since(const Clock & start) const { return {wall - start.wall, cpu - start.cpu}; }
};

struct Measurement {
    Clock prefill{}, decode{};
    int last_batch = 0;
    double last_batch_seconds = 0;
};

// --- options

std::vector<int> parse_lengths(const std::string & text) {
    std::vector<int> lengths;
    std::stringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');) {
        const int length = std::atoi(part.c_str());
        if (length <= 0) throw std::invalid_argument("--lengths holds '" + part + "', which is no positive number");
        lengths.push_back(length);
    }
    // Ascending, so that the process' peak memory after each length is that length's.
    std::sort(lengths.begin(), lengths.end());
    return lengths;
}

llama_flash_attn_type parse_flash(const std::string & text) {
    if (text == "on") return LLAMA_FLASH_ATTN_TYPE_ENABLED;
    if (text == "off") return LLAMA_FLASH_ATTN_TYPE_DISABLED;
    if (text == "auto") return LLAMA_FLASH_ATTN_TYPE_AUTO;
    throw std::invalid_argument("--flash-attention is '" + text + "'; known are on, off and auto");
}

int positive(const std::string & name, const std::string & text) {
    const int value = std::atoi(text.c_str());
    if (value <= 0) throw std::invalid_argument(name + " is '" + text + "', which is no positive number");
    return value;
}

Options parse(int argc, char ** argv) {
    Options options;
    for (int i = 1; i < argc; i += 2) {
        const std::string name = argv[i];
        if (i + 1 == argc) throw std::invalid_argument(name + " needs a value");
        const std::string value = argv[i + 1];
        if (name == "--model") options.model = value;
        else if (name == "--logits") options.logits = value;
        else if (name == "--lengths") options.lengths = parse_lengths(value);
        else if (name == "--threads") options.threads = positive(name, value);
        else if (name == "--ubatch") options.ubatch = positive(name, value);
        else if (name == "--decode") options.decode = positive(name, value);
        else if (name == "--flash-attention") options.flash = parse_flash(value);
        else if (name == "--max-seconds") options.max_seconds = positive(name, value);
        else throw std::invalid_argument("unknown option " + name);
    }
    if (options.model.empty() || options.lengths.empty()) throw std::invalid_argument("--model and --lengths are needed");
    return options;
}

// --- llama.cpp

struct FreeModel { void operator()(llama_model * model) const { llama_model_free(model); } };
struct FreeContext { void operator()(llama_context * context) const { llama_free(context); } };
using Model = std::unique_ptr<llama_model, FreeModel>;
using Context = std::unique_ptr<llama_context, FreeContext>;

Model load(const Options & options) {
    llama_model_params parameters = llama_model_default_params();
    parameters.n_gpu_layers = 0;
    Model model(llama_model_load_from_file(options.model.c_str(), parameters));
    if (!model) throw std::runtime_error("llama.cpp cannot load " + options.model);
    return model;
}

// A context of just this length: its memory is what a user with this document would need.
Context open(const Options & options, llama_model * model, int length) {
    llama_context_params parameters = llama_context_default_params();
    parameters.n_ctx = uint32_t(length + options.decode);
    parameters.n_batch = uint32_t(std::max(kBatch, options.ubatch));
    parameters.n_ubatch = uint32_t(options.ubatch);
    parameters.n_outputs_max = 1;  // the logits of the last token only, as in docproc
    parameters.n_threads = parameters.n_threads_batch = options.threads;
    parameters.flash_attn_type = options.flash;
    parameters.no_perf = true;
    Context context(llama_init_from_model(model, parameters));
    if (!context) throw std::runtime_error("llama.cpp cannot open a context of " + std::to_string(length) + " tokens");
    return context;
}

// Any ids cost the same: these walk through the vocabulary, as in `docproc model bench`.
std::vector<llama_token> tokens(const llama_model * model, int count) {
    const int64_t vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(model));
    std::vector<llama_token> ids(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) ids[size_t(i)] = llama_token((i * 7919) % vocabulary);
    return ids;
}

void run(llama_context * context, llama_token * ids, int count) {
    if (llama_decode(context, llama_batch_get_one(ids, count)) != 0) throw std::runtime_error("llama_decode failed");
    llama_synchronize(context);
}

// Touches the weights, starts the threads, then forgets.
void warm_up(llama_context * context, std::vector<llama_token> & ids) {
    run(context, ids.data(), std::min(kWarmUp, int(ids.size())));
    run(context, ids.data(), 1);
    llama_memory_clear(llama_get_memory(context), true);
}

// The odd piece comes first, so that the last batch is a full one.
Measurement prefill(llama_context * context, std::vector<llama_token> & ids, int batch) {
    Measurement measurement;
    const int length = int(ids.size());
    const Clock start = Clock::now();
    for (int done = 0; done < length;) {
        const int odd = (length - done) % batch;
        measurement.last_batch = odd > 0 ? odd : batch;
        const Clock before = Clock::now();
        run(context, ids.data() + done, measurement.last_batch);
        measurement.last_batch_seconds = Clock::now().since(before).wall;
        done += measurement.last_batch;
    }
    measurement.prefill = Clock::now().since(start);
    return measurement;
}

Measurement measure(const Options & options, llama_model * model, int length) {
    const Context context = open(options, model, length);
    std::vector<llama_token> ids = tokens(model, length);
    warm_up(context.get(), ids);
    Measurement measurement = prefill(context.get(), ids, std::max(kBatch, options.ubatch));
    const Clock start = Clock::now();
    for (int i = 0; i < options.decode; ++i) run(context.get(), &ids[size_t(i % length)], 1);
    measurement.decode = Clock::now().since(start);
    return measurement;
}

void write_logits(const Options & options, llama_model * model) {
    const int length = options.lengths.back();
    const Context context = open(options, model, length);
    std::vector<llama_token> ids = tokens(model, length);
    prefill(context.get(), ids, std::max(kBatch, options.ubatch));
    const float * logits = llama_get_logits_ith(context.get(), -1);
    const int count = llama_vocab_n_tokens(llama_model_get_vocab(model));
    std::ofstream file(options.logits, std::ios::binary);
    file.write(reinterpret_cast<const char *>(logits), std::streamsize(count) * std::streamsize(sizeof(float)));
    if (!file) throw std::runtime_error("cannot write " + options.logits);
}

// --- figures

long peak_rss_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind("VmHWM:", 0) == 0) return std::atol(line.c_str() + 6) * 1024;
    }
    return 0;
}

// What a longer prompt will take: the seconds a token are a straight line in the depth, level for
// linear attention and rising for softmax, that has this length's average and its last batch's value.
double forecast(const Measurement & m, int measured, int length) {
    const double average = m.prefill.wall / measured;
    const double growth = std::max(0.0, m.last_batch_seconds / m.last_batch - average);
    return length * (average + growth * (length - measured) / measured);
}

std::string quoted(const std::string & text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + "\"";
}

// What every line begins with; the caller closes the object.
std::string head(const Options & options, const llama_model * model, int length) {
    char kind[128] = "";
    llama_model_desc(model, kind, sizeof kind);
    std::ostringstream out;
    out << "{\"engine\": \"llama.cpp\", \"version\": " << quoted(std::string(llama_version()) + " " + LLAMA_COMMIT)
        << ", \"model\": " << quoted(options.model) << ", \"format\": " << quoted(kind) << ", \"threads\": " << options.threads
        << ", \"ubatch\": " << options.ubatch << ", \"flash_attention\": " << quoted(llama_flash_attn_type_name(options.flash))
        << ", \"tokens\": " << length;
    return out.str();
}

void print(const Options & options, const llama_model * model, int length, const Measurement & m) {
    std::printf(
        "%s, \"prefill_seconds\": %.4f, \"prefill_cpu_seconds\": %.4f, \"prefill_tokens_per_second\": %.2f, "
        "\"last_batch_tokens\": %d, \"last_batch_tokens_per_second\": %.2f, "
        "\"decode_tokens\": %d, \"decode_tokens_per_second\": %.2f, \"decode_cpu_seconds\": %.4f, \"peak_rss_bytes\": %ld}\n",
        head(options, model, length).c_str(), m.prefill.wall, m.prefill.cpu, length / m.prefill.wall, m.last_batch,
        m.last_batch / m.last_batch_seconds, options.decode, options.decode / m.decode.wall, m.decode.cpu, peak_rss_bytes());
    std::fflush(stdout);
}

void print_skipped(const Options & options, const llama_model * model, int length, double expected) {
    std::printf("%s, \"skipped\": \"would take about %.0f s, past --max-seconds %.0f\", \"forecast_seconds\": %.1f}\n",
                head(options, model, length).c_str(), expected, options.max_seconds, expected);
    std::fflush(stdout);
}

void measure_all(const Options & options, llama_model * model) {
    const Clock start = Clock::now();
    Measurement last;
    int measured = 0;
    for (const int length : options.lengths) {
        const double expected = measured > 0 ? forecast(last, measured, length) : 0;
        if (options.max_seconds > 0 && Clock::now().since(start).wall + expected > options.max_seconds) {
            print_skipped(options, model, length, expected);
            continue;
        }
        last = measure(options, model, length);
        measured = length;
        print(options, model, length, last);
    }
}

void log_errors(ggml_log_level level, const char * text, void *) {
    if (level == GGML_LOG_LEVEL_ERROR) std::fputs(text, stderr);
}

}  // namespace

int main(int argc, char ** argv) {
    llama_log_set(log_errors, nullptr);
    llama_backend_init();
    if (argc == 2 && std::string(argv[1]) == "--version") {
        std::printf("llama.cpp %s %s: %s\n", llama_version(), LLAMA_COMMIT, llama_print_system_info());
        return 0;
    }
    try {
        const Options options = parse(argc, argv);
        const Model model = load(options);
        if (options.logits.empty()) measure_all(options, model.get());
        else write_logits(options, model.get());
        return 0;
    } catch (const std::invalid_argument & error) {
        std::fprintf(stderr, "llama_peer: %s\n", error.what());
        return 2;
    } catch (const std::exception & error) {
        std::fprintf(stderr, "llama_peer: %s\n", error.what());
        return 1;
    }
}
