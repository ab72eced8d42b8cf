#pragma once

#include <functional>
#include <optional>

#include "ditto/diffusion/solver.h"
#include "ditto/text/tokenizer.h"
#include "models/wan/autoencoder.h"
#include "models/wan/conditions.h"
#include "models/wan/transformer_config.h"
#include "models/wan/umt5.h"
#include "models/wan/vace.h"

/// Wan's text-to-video and VACE pipelines: text encoder, transformer (or two experts, for high and
/// low noise), scheduler and autoencoder put together. After diffusers 0.42
/// pipelines/wan/pipeline_wan.py and pipeline_wan_vace.py.
namespace ditto::models::wan {

/// A network that is read when it is first used, and can be let go.
template <typename Network>
class Lazy {
 public:
  explicit Lazy(std::function<std::unique_ptr<const Network>()> load) : load_(std::move(load)) {}
  const Network& get() {
    if (!network_) network_ = load_();
    return *network_;
  }
  void drop() { network_.reset(); }

 private:
  std::function<std::unique_ptr<const Network>()> load_;
  std::unique_ptr<const Network> network_;
};

/// What a pipeline's directory holds, by its model_index.json. No weights are read.
struct PipelineConfig {
  /// "transformer", "transformer_2" or both. The second one is for low noise; where one is missing
  /// the other does it all.
  std::vector<Source> transformers;
  TransformerConfig network;  ///< of both
  Source vae;
  AutoencoderConfig autoencoder;
  /// Needed for prompts only: without, their embeddings must be given.
  std::optional<Source> text_encoder, tokenizer;
  diffusion::SolverConfig solver;
  std::optional<double> boundary;  ///< noise is low at timesteps below
  Divisions divisions;

  /// Throws Error(kInput) naming file and key for parts that are missing, of other classes or don't
  /// fit together.
  explicit PipelineConfig(const Source& source);
  bool vace() const { return !network.vace_layers.empty(); }
  std::int64_t latent_frames(std::int64_t frames) const {
    return (frames - 1) / divisions.frames + 1;
  }
};

/// What VACE's transformer is given beside the prompt.
struct Control {
  at::Tensor latents;  ///< [1, vace_in_channels, T', H', W']
  at::Tensor scale;    ///< [VACE layers]
};

struct Denoising {
  at::Tensor text;                 ///< [B, L, text_dim]
  at::Tensor negative;             ///< [B, M, text_dim]; undefined for none: no guidance
  double guidance_scale = 1;       ///< at high noise, and without a boundary
  double guidance_scale_2 = 1;     ///< at low noise
  diffusion::SolverConfig solver;  ///< the pipeline's own, or a recipe's
  diffusion::ScheduleRequest schedule;
  Control control;  ///< of VACE
};

class Pipeline {
 public:
  /// LoRA files for the first transformer (or the only one), and for the second. `loading` says how
  /// weights are read; its patch isn't used.
  Pipeline(const PipelineConfig& config, const nn::Placement& placement, nn::LoadOptions loading,
           const std::vector<std::vector<LoraFile>>& lora = {});
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  const PipelineConfig& config() const { return config_; }

  /// [prompts, length, text_dim]: cleaned, cut to `length` tokens, and filled up with zeros.
  at::Tensor encode_prompts(const std::vector<std::string>& prompts, std::int64_t length);
  /// video [1, 3, T, H, W], mask [1, 1, T, H, W] and references [1, 3, 1, H, W] as conditions.h
  /// makes them -> Control::latents. Several references come out in reverse order, as in the
  /// reference implementation (Wan's own code keeps the order).
  at::Tensor encode_conditions(const at::Tensor& video, const at::Tensor& mask,
                               const std::vector<at::Tensor>& references);
  /// noise [B, z, T, H, W] -> latents. Of two transformers only the one at work is in memory.
  at::Tensor denoise(const at::Tensor& noise, const Denoising& request);
  /// Latents, without those of references -> video [B, 3, T, H, W] in [-1, 1]
  at::Tensor decode(const at::Tensor& latents);

  /// Let a network's memory go; it is read again when it is needed again.
  void drop_text_encoder() { text_encoder_.drop(); }
  void drop_transformers();

 private:
  /// A transformer's prediction.
  using Flow = std::function<at::Tensor(const WanInputs& inputs, const Control& control)>;

  template <typename Network, typename Config>
  std::unique_ptr<const Network> read(const Source& source, const Config& config,
                                      const std::vector<LoraFile>& lora = {}) const;
  std::unique_ptr<const Flow> read_transformer(const Source& source,
                                               const std::vector<LoraFile>& lora) const;
  const Flow& transformer(bool low_noise);
  at::Tensor encode(const at::Tensor& video);

  PipelineConfig config_;
  nn::Placement placement_;
  nn::LoadOptions loading_;
  at::Tensor mean_, inverse_deviation_;  ///< of latents, [1, z, 1, 1, 1]
  std::optional<text::Tokenizer> tokenizer_;
  Lazy<Umt5Encoder> text_encoder_;
  Lazy<Autoencoder> autoencoder_;
  std::vector<Lazy<Flow>> transformers_;
};

/// WanPipeline and WanVACEPipeline: entry `pipeline`.
Model make_pipeline(const Source& source, const nn::Placement& placement);

}  // namespace ditto::models::wan
