#include "models/wan/pipeline.h"

#include <algorithm>

#include "ditto/core/files.h"
#include "ditto/core/stop.h"
#include "ditto/diffusion/guidance.h"
#include "ditto/text/prompt.h"
#include "models/schedulers/schedulers.h"

namespace ditto::models::wan {
namespace {

constexpr const char* kFirst = "transformer";
constexpr const char* kSecond = "transformer_2";

/// The part of a pipeline in the folder `name`; none where the index doesn't list it, or as null.
/// Its class must be one of `classes`.
std::optional<Source> find_part(const Source& pipeline, const std::string& name,
                                const std::vector<std::string_view>& classes,
                                std::string_view entry = {}) {
  const nlohmann::json& index = pipeline.config.values();
  const auto part = index.find(name);
  if (part == index.end() || !part->is_array() || part->size() != 2 || (*part)[1].is_null()) {
    return std::nullopt;
  }
  Source source = find_model(pipeline.path / name, entry);
  const std::string_view found = source.architecture->class_name;
  if (std::find(classes.begin(), classes.end(), found) == classes.end()) {
    pipeline.config.fail(
        name, "is of the class " + std::string(found) + ", which this pipeline can't use");
  }
  return source;
}

Source need_part(const Source& pipeline, const std::string& name,
                 const std::vector<std::string_view>& classes) {
  std::optional<Source> part = find_part(pipeline, name, classes);
  if (!part) pipeline.config.fail(name, "is missing");
  return *std::move(part);
}

std::vector<Source> find_transformers(const Source& pipeline) {
  const bool vace = pipeline.config.class_name() == "WanVACEPipeline";
  const std::vector<std::string_view> classes =
      vace ? std::vector<std::string_view>{"WanVACETransformer3DModel", "VaceWanModel"}
           : std::vector<std::string_view>{"WanTransformer3DModel", "WanModel"};
  std::vector<Source> found;
  for (const char* name : {kFirst, kSecond}) {
    if (auto part = find_part(pipeline, name, classes)) found.push_back(*std::move(part));
  }
  if (found.empty()) pipeline.config.fail(kFirst, "is missing, and transformer_2 is too");
  return found;
}

std::optional<double> find_boundary(const Source& pipeline, const diffusion::SolverConfig& solver) {
  constexpr const char* kKey = "boundary_ratio";
  if (!pipeline.config.has(kKey)) return std::nullopt;
  const double ratio = pipeline.config.number(kKey);
  if (!(ratio >= 0 && ratio <= 1)) pipeline.config.fail(kKey, "must be from 0 to 1");
  return ratio * static_cast<double>(
                     std::visit([](const auto& one) { return one.train_timesteps; }, solver));
}

/// Of latents, [1, z, 1, 1, 1].
at::Tensor statistic(const std::vector<double>& values, const nn::Placement& placement) {
  return at::tensor(values, at::TensorOptions().dtype(wide(placement.dtype)))
      .view({1, -1, 1, 1, 1})
      .to(placement.device);
}

}  // namespace

PipelineConfig::PipelineConfig(const Source& source)
    : transformers(find_transformers(source)),
      network(transformers.front()),
      vae(need_part(source, "vae", {"AutoencoderKLWan"})),
      autoencoder(vae.config),
      text_encoder(find_part(source, "text_encoder", {"UMT5EncoderModel"})),
      tokenizer(find_part(source, "tokenizer", {kTokenizerClass}, "tokenize")),
      solver(solver_config(need_part(source, "scheduler",
                                     {"UniPCMultistepScheduler", "FlowMatchEulerDiscreteScheduler"})
                               .config)),
      boundary(find_boundary(source, solver)),
      divisions{autoencoder.spatial_scale(), autoencoder.temporal_scale(), network.patch_size[1]} {
  const ModelConfig& index = source.config;
  if (transformers.size() > 1) {
    const TransformerConfig second(transformers[1]);
    if (second.in_channels != network.in_channels || second.text_dim != network.text_dim ||
        second.patch_size != network.patch_size || second.vace_layers != network.vace_layers) {
      index.fail(kSecond, "doesn't fit transformer");
    }
    if (!boundary) index.fail("boundary_ratio", "is missing: there are two transformers");
  }
  if (network.image_dim > 0) index.fail(kFirst, "is one for images to videos");
  if (network.in_channels != autoencoder.z_dim || network.out_channels != autoencoder.z_dim) {
    index.fail(kFirst, "has other channels than the autoencoder's latents");
  }
  const std::int64_t cell = divisions.pixels * divisions.pixels;
  if (vace() && network.vace_in_channels != 2 * autoencoder.z_dim + cell) {
    index.fail(kFirst, "has a vace_in_channels that doesn't fit the autoencoder");
  }
  if (text_encoder && Umt5Config(text_encoder->config).d_model != network.text_dim) {
    index.fail("text_encoder", "has another width than the transformer's text_dim");
  }
}

template <typename Network, typename Config>
std::unique_ptr<const Network> Pipeline::read(const Source& source, const Config& config,
                                              const std::vector<LoraFile>& lora) const {
  nn::Weights weights;
  auto network = std::make_unique<const Network>(nn::Scope(weights, placement_), config);
  read_weights(source, weights, loading_, lora);
  return network;
}

Pipeline::Pipeline(const PipelineConfig& config, const nn::Placement& placement,
                   nn::LoadOptions loading, const std::vector<std::vector<LoraFile>>& lora)
    : config_(config),
      placement_(placement),
      loading_(std::move(loading)),
      mean_(statistic(config_.autoencoder.latents_mean, placement)),
      inverse_deviation_(statistic(config_.autoencoder.latents_std, placement).reciprocal()),
      text_encoder_([this] {
        const Source& source = *config_.text_encoder;
        return read<Umt5Encoder>(source, Umt5Config(source.config));
      }),
      autoencoder_([this] { return read<Autoencoder>(config_.vae, config_.autoencoder); }) {
  for (std::size_t i = 0; i < config_.transformers.size(); ++i) {
    const std::vector<LoraFile> own = i < lora.size() ? lora[i] : std::vector<LoraFile>();
    transformers_.emplace_back(
        [this, i, own] { return read_transformer(config_.transformers[i], own); });
  }
}

std::unique_ptr<const Pipeline::Flow> Pipeline::read_transformer(
    const Source& source, const std::vector<LoraFile>& lora) const {
  const TransformerConfig config(source);
  if (!config_.vace()) {
    const std::shared_ptr<const WanTransformer> network =
        read<WanTransformer>(source, config, lora);
    return std::make_unique<const Flow>(
        [network](const WanInputs& inputs, const Control&) { return (*network)(inputs); });
  }
  const std::shared_ptr<const WanVaceTransformer> network =
      read<WanVaceTransformer>(source, config, lora);
  return std::make_unique<const Flow>([network](const WanInputs& inputs, const Control& control) {
    return (*network)(inputs, control.latents, control.scale);
  });
}

const Pipeline::Flow& Pipeline::transformer(bool low_noise) {
  if (transformers_.size() == 1) return transformers_.front().get();
  transformers_[low_noise ? 0 : 1].drop();
  return transformers_[low_noise ? 1 : 0].get();
}

void Pipeline::drop_transformers() {
  for (Lazy<Flow>& one : transformers_) one.drop();
}

at::Tensor Pipeline::encode_prompts(const std::vector<std::string>& prompts, std::int64_t length) {
  if (!config_.text_encoder || !config_.tokenizer) {
    throw Error(ErrorKind::kInput,
                "a prompt needs text_encoder and tokenizer, and the pipeline has not both");
  }
  if (!tokenizer_) tokenizer_ = text::Tokenizer::open(config_.tokenizer->path);
  std::vector<std::vector<std::int64_t>> rows;
  std::size_t longest = 0;
  for (const std::string& prompt : prompts) {
    std::vector<std::int64_t>& row = rows.emplace_back();
    row = tokenizer_->encode(text::clean_prompt(prompt));
    if (row.empty()) throw Error(ErrorKind::kInput, "a prompt has no tokens");
    const std::int64_t end = row.back();  // T5's "</s>"
    row.resize(std::min(row.size(), static_cast<std::size_t>(length)));
    row.back() = end;
    longest = std::max(longest, row.size());
  }
  // The reference pads to `length` before the encoder; what it pads is masked there and cut off
  // behind it.
  const auto count = static_cast<std::int64_t>(rows.size());
  const at::Tensor ids = at::zeros({count, static_cast<std::int64_t>(longest)}, at::kLong);
  const at::Tensor mask = at::zeros_like(ids);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy(rows[i].begin(), rows[i].end(), ids.data_ptr<std::int64_t>() + i * longest);
    std::fill_n(mask.data_ptr<std::int64_t>() + i * longest, rows[i].size(), 1);
  }
  const at::Tensor on_device = mask.to(placement_.device);
  const at::Tensor states = text_encoder_.get()(ids.to(placement_.device), on_device);
  const std::int64_t missing = length - states.size(1);
  return at::constant_pad_nd(states * on_device.unsqueeze(-1), {0, 0, 0, missing});
}

at::Tensor Pipeline::encode(const at::Tensor& video) {
  const at::Tensor moments =
      autoencoder_.get().encode(video.to(placement_.device, placement_.dtype));
  const at::Tensor mean = moments.narrow(1, 0, config_.autoencoder.z_dim);
  return ((mean.to(mean_.scalar_type()) - mean_) * inverse_deviation_).to(placement_.dtype);
}

at::Tensor Pipeline::encode_conditions(const at::Tensor& video, const at::Tensor& mask,
                                       const std::vector<at::Tensor>& references) {
  const at::Tensor chosen = mask.gt(0.5).to(video.scalar_type());
  std::vector<at::Tensor> frames;
  for (auto one = references.rbegin(); one != references.rend(); ++one) {
    const at::Tensor latent = encode(*one);
    frames.push_back(at::cat({latent, at::zeros_like(latent)}, 1));
  }
  const at::Tensor kept = encode(video * (1 - chosen));
  frames.push_back(at::cat({kept, encode(video * chosen)}, 1));
  const at::Tensor channels =
      mask_channels(mask, static_cast<std::int64_t>(references.size()), config_.divisions);
  return at::cat({at::cat(frames, 2), channels.to(placement_.device, placement_.dtype)}, 1);
}

at::Tensor Pipeline::denoise(const at::Tensor& noise, const Denoising& request) {
  const at::ScalarType exact = wide(placement_.dtype);
  const std::int64_t batch = noise.size(0);
  const bool guided = request.negative.defined() && diffusion::is_guided(request.guidance_scale);
  Control control = request.control;
  if (control.latents.defined()) control.latents = control.latents.expand({batch, -1, -1, -1, -1});
  diffusion::Solver solver(request.solver, request.schedule);
  at::Tensor x = noise.to(placement_.device, exact);
  for (std::int64_t i = 0; i < solver.schedule().steps(); ++i) {
    throw_if_stopped();
    const at::Tensor timestep = solver.schedule().timesteps[i];
    const bool low_noise = config_.boundary && timestep.item<double>() < *config_.boundary;
    const Flow& flow = transformer(low_noise);
    const double scale = low_noise ? request.guidance_scale_2 : request.guidance_scale;
    const at::Tensor flows = diffusion::guide(guided ? scale : 1.0, [&](bool positive) {
      const WanInputs inputs = {x.to(placement_.dtype),
                                timestep.to(placement_.device).expand({batch}),
                                positive ? request.text : request.negative,
                                {}};
      return flow(inputs, control).to(exact);
    });
    x = solver.step(flows, x);
  }
  return x;
}

at::Tensor Pipeline::decode(const at::Tensor& latents) {
  const at::Tensor z = latents.to(mean_.scalar_type()) / inverse_deviation_ + mean_;
  return autoencoder_.get().decode(z.to(placement_.dtype));
}

}  // namespace ditto::models::wan
